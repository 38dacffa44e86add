import type { RunEvent } from '@roundhouse/sdk/contract'
import type { ToolCall } from '../../ports/llm.ts'
import { totalsOf } from '../conclusions.ts'
import type { RunStep, RunTotals, RunWork } from '../stream.ts'

/** What a run has done, and stands at: read from its steps alone, so that any process comes to the same. */
export type Progress = {
  readonly work: RunWork
  steps(): readonly RunStep[]
  totals(): RunTotals
  /** Number of the next step. */
  nextN(): number
  /** Steps, with the events that tell of them, in one commit. */
  record(events: readonly RunEvent[], steps: readonly RunStep[]): Promise<void>
  /** The same of the last answer, which is written in the commit that ends the run. */
  leave(events: readonly RunEvent[], steps: readonly RunStep[]): void
  /** Answers of the model, each with its tools. */
  turns(): number
  /** The model's last answer; undefined before the first. */
  lastAnswer(): RunStep | undefined
  /** Calls of the last answer that nothing was answered to yet, with their place among its calls. */
  openCalls(): readonly OpenCall[]
  /** How many answers were not in the form that was asked for. */
  objections(): number
  /** The last text of the model; empty where there is none. */
  output(): string
  /** Which model was asked last, as `provider/model`; undefined before the first. */
  backend(): string | undefined
}

export type OpenCall = {
  readonly call: ToolCall
  readonly place: number
  /** What there is of it: it was begun, and nobody knows what came of it. */
  readonly begun: RunStep | undefined
}

export function createProgress(work: RunWork): Progress {
  let steps = [...work.steps].sort((a, b) => a.n - b.n)

  function answers(): RunStep[] {
    return steps.filter(({ kind, status }) => kind === 'llm' && status === 'done')
  }

  function add(changed: readonly RunStep[]): void {
    const byN = new Map([...steps, ...changed].map(step => [step.n, step]))
    steps = [...byN.values()].sort((a, b) => a.n - b.n)
  }

  return {
    work,
    steps: () => steps,
    totals: () => totalsOf(steps),
    nextN: () => (steps.at(-1)?.n ?? 0) + 1,
    async record(events, changed) {
      await work.stream.checkpoint(events, changed)
      add(changed)
    },
    leave(events, changed) {
      work.stream.leave(events, changed)
      add(changed)
    },
    turns: () => answers().length,
    lastAnswer: () => answers().at(-1),
    openCalls() {
      const answer = answers().at(-1)
      if (answer?.message?.role !== 'assistant') return []
      const results = steps.filter(({ kind, n }) => kind === 'tool' && n > answer.n)
      return (answer.message.tool_calls ?? []).flatMap((call, place) => {
        const step = results.find(({ callId }) => callId === call.id)
        return step?.message ? [] : [{ call, place, begun: step }]
      })
    },
    objections: () => answers().filter(({ attributes }) => attributes.output_errors !== undefined).length,
    output() {
      const texts = answers().map(({ message }) =>
        message?.role === 'assistant' ? (message.content ?? '') : '',
      )
      return texts.findLast(text => text !== '') ?? ''
    },
    backend: () => steps.findLast(({ kind }) => kind === 'llm')?.name,
  }
}
