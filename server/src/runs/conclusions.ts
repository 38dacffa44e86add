import { isProblem, type ProblemCode, type RunEvent } from '@roundhouse/sdk/contract'
import { storableText } from './storable.ts'
import type { Ending } from './store.ts'
import type { RunOutcome, RunStep, RunTotals } from './stream.ts'

type Ended = Extract<RunOutcome, { kind: 'done' | 'failed' | 'cancelled' }>

/** How a run ended, for its row and for its last event. Both come from here, so that they cannot differ. */
export function endingOf(outcome: Ended): { ending: Ending; event: RunEvent } {
  const { usage, credits, firstTokenMs } = outcome
  const totals = { usage, credits, costMicros: Math.round(outcome.costMicros), firstTokenMs }
  if (outcome.kind === 'done') {
    const { output, stopped } = outcome
    const told = {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      estimated: usage.isEstimated,
    }
    return {
      ending: { ...totals, status: 'done', output: storableText(output), stopped, error: null },
      event: { type: 'run-end', output, stopped, usage: told, credits },
    }
  }
  const output = outcome.output === null ? null : storableText(outcome.output)
  if (outcome.kind === 'cancelled')
    return {
      ending: { ...totals, status: 'cancelled', output, stopped: null, error: null },
      event: { type: 'run-cancel', credits },
    }
  const error = toError(outcome.error)
  const stored = { ...error, detail: storableText(error.detail) }
  return {
    ending: { ...totals, status: 'failed', output, stopped: null, error: stored },
    event: { type: 'run-error', ...error, credits },
  }
}

/** What the steps of a run come to, for the end of one that nobody works on. */
export function totalsOf(steps: readonly RunStep[]): RunTotals {
  let inputTokens = 0
  let outputTokens = 0
  let isEstimated = false
  let credits = 0
  let costMicros = 0
  for (const step of steps) {
    inputTokens += step.usage.inputTokens
    outputTokens += step.usage.outputTokens
    isEstimated ||= step.usage.isEstimated
    credits += step.credits
    costMicros += step.costMicros
  }
  const firstTokenMs = steps.find(step => step.firstTokenMs !== null)?.firstTokenMs ?? null
  return { usage: { inputTokens, outputTokens, isEstimated }, credits, costMicros, firstTokenMs }
}

/** What is not foreseen is a bug, and says nothing of our insides. */
function toError(error: unknown): { code: ProblemCode; detail: string } {
  if (isProblem(error)) return { code: error.code, detail: error.message }
  return { code: 'internal', detail: 'Something unforeseen went wrong in the run. The log says what.' }
}
