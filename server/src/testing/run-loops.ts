import { randomUUID } from 'node:crypto'
import type { RunEvent } from '@roundhouse/sdk/contract'
import type { RunLoop, RunOutcome, RunStep, RunTotals, RunWork } from '../runs/stream.ts'
import type { SeenEvent } from './run-events.ts'
import type { RunProcess } from './run-process.ts'
import { until } from './until.ts'

export const noTotals: RunTotals = {
  usage: { inputTokens: 0, outputTokens: 0, isEstimated: false },
  credits: 0,
  costMicros: 0,
  firstTokenMs: null,
}

/** Asked of an agent that need not be there: `openRunProcess` knows every one. */
export const question = { agentId: randomUUID(), messages: [{ role: 'user' as const, content: 'Hello' }] }

/** The end of a run that says this. */
export function answered(output: string, totals: Partial<RunTotals> = {}): RunOutcome {
  return { kind: 'done', output, stopped: 'answered', isFree: false, ...noTotals, ...totals }
}

export const text = (value: string, step = 1): RunEvent => ({ type: 'text-delta', step, text: value })

export const endOfStep = (step: number): RunEvent => ({
  type: 'step-end',
  step,
  finish_reason: 'stop',
  usage: { input_tokens: 1, output_tokens: 1, estimated: false },
  credits: 0,
})

/** An answer of the model. */
export function stepDone(n: number, attempt: number, more: Partial<RunStep> = {}): RunStep {
  return {
    n,
    step: n,
    kind: 'llm',
    name: 'demo',
    status: 'done',
    attempt,
    callId: null,
    message: { role: 'assistant', content: `answer ${n}` },
    usage: { inputTokens: 1, outputTokens: 1, isEstimated: false },
    credits: 0,
    costMicros: 0,
    firstTokenMs: 1,
    error: null,
    attributes: {},
    startedAt: new Date(),
    endedAt: new Date(),
    ...more,
  }
}

/** Two steps; each attempt says its number. After what `stopBefore` says it waits until it is told to stop. */
export function twoSteps(stopBefore: (work: RunWork, step: number) => boolean): RunLoop {
  return async work => {
    const { stream, run, steps } = work
    try {
      for (let step = steps.length + 1; step <= 2; step += 1) {
        stream.append(text(`[${run.attempt}:${step}`, step))
        await stream.flush()
        if (stopBefore(work, step)) {
          await aborted(work)
          return { kind: 'left', ...noTotals }
        }
        stream.append(text(']', step))
        await stream.checkpoint([endOfStep(step)], [stepDone(step, run.attempt)])
      }
    } catch {
      return { kind: 'left', ...noTotals }
    }
    return answered('all')
  }
}

/** Fulfils when the work is to stop. */
export function aborted({ signal }: RunWork): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** All events of a run, read to its end. */
export async function eventsOf({ runs, caller }: RunProcess, id: string): Promise<SeenEvent[]> {
  const events: SeenEvent[] = []
  for await (const group of runs.follow(caller, id, 0, AbortSignal.timeout(20_000)))
    for (const { seq, data } of group) events.push({ seq, event: JSON.parse(data) })
  return events
}

/** Waits until this is the number of the last event. */
export function hasWritten({ runs, caller }: RunProcess, id: string, lastSeq: number): Promise<void> {
  return until(
    async () => (await runs.get(caller, id)).lastSeq === lastSeq,
    `event ${lastSeq} is the last one of the run`,
  )
}
