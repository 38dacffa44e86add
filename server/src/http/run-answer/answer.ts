import { Problem, type ProblemCode, problemCodes, type RunEvent } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Runs, RunView } from '../../runs/run.ts'
import { followOn } from './follow-on.ts'
import { createRunText } from './text.ts'

/** What a client is told that knows no runs, only answers. */
export type AnswerPart =
  | {
      readonly type: 'text'
      readonly seq: number
      readonly text: string
      /** It goes on otherwise than what was told: the answer broke off, and was begun anew in other words. */
      readonly isOther: boolean
    }
  | { readonly type: 'reasoning'; readonly seq: number; readonly text: string }
  | ({ readonly type: 'end'; readonly seq: number } & Pick<RunEnd, 'output' | 'stopped' | 'usage'>)

type RunEnd = Extract<RunEvent, { type: 'run-end' }>

/**
 * The answer of a run from its beginning, in the groups that its events come in; the last part is its `end`. Who reads
 * slowly is not sent away, as followers are that can come back, but is given what is stored.
 * @throws Problem for a run that failed, was cancelled or waits for a person; `shutting-down` when nothing is told any
 * more, though the run goes on; the reason of the signal.
 */
export async function* answerOf(
  runs: Pick<Runs, 'follow' | 'get'>,
  caller: Caller,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<readonly AnswerPart[], void> {
  const said = createRunText()
  for await (const group of followOn(runs, caller, { id: runId, after: 0 }, signal)) {
    const parts: AnswerPart[] = []
    for (const { seq, data } of group) {
      const event = JSON.parse(data) as RunEvent
      parts.push(...partsOf(seq, event, said.add(seq, event)))
      const failure = failureOf(runId, event)
      if (failure && (event.type !== 'approval-request' || (await isWaiting(runs, caller, runId)))) {
        if (parts.length > 0) yield parts
        throw failure
      }
    }
    if (parts.length > 0) yield parts
    if (parts.at(-1)?.type === 'end') return
  }
  signal.throwIfAborted()
  throw new Problem('shutting-down', `The events of the run ${runId} end here; the run goes on.`)
}

/** @throws Problem for one that is not done. */
export function assertDone(run: RunView): RunView {
  if (run.status === 'done') return run
  if (run.status === 'cancelled') throw cancelled(run.id)
  if (run.status !== 'failed') throw waiting(run.id)
  throw new Problem(run.error?.code ?? 'internal', run.error?.detail ?? `The run ${run.id} failed.`)
}

function partsOf(
  seq: number,
  event: RunEvent,
  { text, isOther }: { text: string; isOther: boolean },
): AnswerPart[] {
  if (event.type === 'reasoning-delta') return [{ type: 'reasoning', seq, text: event.text }]
  const parts: AnswerPart[] = text === '' ? [] : [{ type: 'text', seq, text, isOther }]
  if (event.type === 'run-end') {
    const { output, stopped, usage } = event
    parts.push({ type: 'end', seq, output, stopped, usage })
  }
  return parts
}

function failureOf(runId: string, event: RunEvent): Problem | undefined {
  if (event.type === 'run-cancel') return cancelled(runId)
  if (event.type === 'approval-request') return waiting(runId)
  return event.type === 'run-error'
    ? new Problem(isProblemCode(event.code) ? event.code : 'internal', event.detail)
    : undefined
}

/** The question may have been answered long ago. */
async function isWaiting(runs: Pick<Runs, 'get'>, caller: Caller, runId: string): Promise<boolean> {
  return (await runs.get(caller, runId)).status === 'waiting'
}

function cancelled(runId: string): Problem {
  return new Problem('conflict', `The run ${runId} was cancelled.`)
}

/** Nobody answers it here, and a person may take a day. */
function waiting(runId: string): Problem {
  return new Problem(
    'conflict',
    `The run ${runId} waits for a person. GET /api/v1/runs/${runId}/events tells what for, and goes on when they have answered.`,
  )
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code)
}
