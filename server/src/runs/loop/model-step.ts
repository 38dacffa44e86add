import { isProblem, type RunEvent } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import type { ChatMessage } from '../../ports/llm.ts'
import type { RunStep, RunWork } from '../stream.ts'
import { limitReached } from './limits.ts'
import { type Heard, listen, type Order, refusedReason, restart, type Speaker, speakerOf } from './listen.ts'
import { type Cost, stepBill, worstCase } from './meter.ts'
import type { Progress } from './progress.ts'
import { targetName } from './targets.ts'
import { verdictOf } from './verdict.ts'

/** Why there is no answer of the model; `text` is what there was of it. */
export type Halt =
  | { readonly kind: 'failed'; readonly error: unknown; readonly text: string }
  /** By the signal of the run's work. */
  | { readonly kind: 'stopped'; readonly text: string }
  /** What the agent may spend does not pay for the question. */
  | { readonly kind: 'unaffordable' }

type Call = Omit<Order, 'step'> & {
  /** Credits paid once per run. */
  readonly fixed: number
  /** Why a text is not the answer asked for; null when it is. */
  readonly objection: (text: string) => string | null
}

/** An answer that breaks off is asked for anew so many times. */
const mostRestarts = 2

/**
 * Asks the model, and again when its answer breaks off. An answer, whole or cut off by a limit, is recorded; else the halt
 * says why there is none. Whatever came is paid.
 * @throws Problem `insufficient-credits`.
 */
export async function askModel(
  dependencies: Parameters<typeof listen>[0],
  progress: Progress,
  call: Call,
): Promise<Halt | null> {
  const { clock, log, purse } = dependencies
  const { work } = progress
  const step = progress.turns() + 1
  const [first] = call.targets
  invariant(first, 'an agent has a model')
  const told = step === 1 ? work.announced : null
  const announced = told ?? speakerOf(first)
  let after = told ? Promise.resolve(told.seq) : undefined

  for (let restarts = 0; ; restarts += 1) {
    const estimate = worstCase(work.run, progress.steps(), call)
    if (!estimate.isEnough) return { kind: 'unaffordable' }
    const hold = await purse.hold(stepBill(work.run, progress.nextN(), estimate.amount))
    after ??= begin(announced)
    const money = { estimate, hold, steps: progress.steps() }
    const heard = await listen(dependencies, work, { ...call, step }, money, { announced, after })
    const cost = costOf(heard, work)
    purse.spend(cost.credits)

    const { end } = heard
    if (end.kind === 'whole' || end.kind === 'cut') {
      const message: ChatMessage =
        end.kind === 'whole' ? end.message : { role: 'assistant', content: heard.text }
      const isAnswer = end.kind === 'whole' && end.finishReason !== refusedReason && !callsTools(message)
      const objection = isAnswer ? call.objection(heard.text) : null
      const attributes = {
        finish_reason: end.finishReason,
        ...(objection === null ? {} : { output_errors: objection }),
      }
      const events = [stepEnd(step, end.finishReason, cost)]
      const row = rowOf(heard, cost, { status: 'done', message, error: null, attributes })
      if (verdictOf(row) !== null) progress.leave(events, [row])
      else await progress.record(events, [row])
      return null
    }

    const error = end.kind === 'stopped' ? String(work.signal.reason) : sentenceOf(end.error)
    const row = rowOf(heard, cost, { status: 'failed', message: null, error, attributes: failureOf(end) })
    if (end.kind === 'failed' && restarts < mostRestarts && mayAskAgain(heard, end.error)) {
      await progress.record([restart(step, await after, announced)], [row])
      const backend = `${announced.provider}/${announced.model}`
      log.info('run-restart', { run_id: work.run.id, step, backend, reason: 'broken-off' })
      continue
    }
    // Who has lost the run writes nothing.
    if (work.signal.reason !== 'lost') await progress.record([], [row])
    return { ...end, text: heard.text }
  }

  /** Gives the number of the event that the answer stands behind. */
  function begin({ provider, model }: Speaker): Promise<number> {
    work.stream.append({ type: 'step-start', step, provider, model })
    const seq = work.stream.flush()
    // It is waited for only once there is something to say.
    seq.catch(() => {})
    return seq
  }

  /** Before there was any content the providers have tried all that could help. */
  function mayAskAgain({ meter }: Heard, error: unknown): boolean {
    return (
      meter.hasProduced() &&
      isProblem(error) &&
      error.retryable &&
      limitReached(work.run, {
        turns: step - 1,
        totals: progress.totals(),
        isOver: call.signal.aborted,
      }) === null
    )
  }

  function rowOf(
    { target, startedAt, firstTokenMs, guarded }: Heard,
    { usage, credits, costMicros, paid }: Paid,
    outcome: Pick<RunStep, 'status' | 'message' | 'error' | 'attributes'>,
  ): RunStep {
    return {
      n: progress.nextN(),
      step,
      kind: 'llm',
      name: targetName(target),
      attempt: work.run.attempt,
      callId: null,
      usage,
      credits,
      costMicros,
      firstTokenMs,
      startedAt,
      endedAt: new Date(clock.now()),
      ...outcome,
      attributes: {
        provider: target.provider,
        model: target.model.name,
        ...paid,
        ...(step === 1 ? work.guarded : {}),
        ...guarded,
        ...outcome.attributes,
      },
    }
  }
}

type Paid = Omit<Cost, 'paid'> & { readonly paid: Partial<Cost['paid']> }

const nothing: Paid = {
  usage: { inputTokens: 0, outputTokens: 0, isEstimated: false },
  credits: 0,
  costMicros: 0,
  paid: {},
}

/** What this process leaves undone is asked for again by another: the caller pays for that one. */
function costOf({ meter, target, end }: Heard, { signal }: RunWork): Paid {
  if (!meter.hasProduced()) return nothing
  const cost = meter.cost(target.model)
  const isLeft = end.kind === 'stopped' && signal.reason === 'handed-back'
  return isLeft ? { ...cost, credits: 0, paid: {} } : cost
}

function stepEnd(step: number, finishReason: string, { usage, credits }: Paid): RunEvent {
  return {
    type: 'step-end',
    step,
    finish_reason: finishReason,
    usage: {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      estimated: usage.isEstimated,
    },
    credits,
  }
}

/** For whoever counts failures: the sentence is for people. */
function failureOf(end: Heard['end']): Readonly<Record<string, string>> {
  if (end.kind !== 'failed') return {}
  return { error_code: isProblem(end.error) ? end.error.code : 'internal' }
}

function callsTools(message: ChatMessage): boolean {
  return message.role === 'assistant' && message.tool_calls !== undefined
}

function sentenceOf(error: unknown): string {
  return isProblem(error) ? error.message : 'A bug on our side; the log has its stack.'
}
