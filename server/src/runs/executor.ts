import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import { createOutage } from '../jobs/outage.ts'
import { context } from '../kit/context.ts'
import type { Log } from '../kit/log.ts'
import { placeOf } from './backend.ts'
import { totalsOf } from './conclusions.ts'
import type { Writer } from './events/writer.ts'
import type { RunView } from './run.ts'
import type { Held } from './store.ts'
import type { RunLoop, RunOutcome, StopReason } from './stream.ts'
import type { Rest, Taken, Transitions } from './transitions.ts'

/** Told of what happens to runs in this process, to count it. Nothing here may throw or wait. */
export type RunObserver = {
  begun(run: RunView): void
  ended(run: RunView): void
}

/** What became of a run here. */
export type Worked = {
  /** When it has ended here. */
  readonly ended: RunView | null
  /** False when another process has it, or when what became of it could not be stored: then its row says it is under way. */
  readonly isConcluded: boolean
}

/** The runs that this process works on now. */
export type Executor = {
  /** Whether one more may begin that no job has brought, beside so many that are about to. */
  hasRoom(coming?: number): boolean
  /**
   * Goes on with a run until it is not this process's any more; never rejects.
   * @param options.withJob It was brought by a job, which goes on with it when this process stops.
   * @param options.isAwaited As `StartRun` has it.
   */
  work(taken: Taken, caller: Caller, options: { withJob: boolean; isAwaited?: boolean }): Promise<Worked>
  /** The run, while it is worked on here. */
  find(id: string): { readonly run: RunView; readonly over: Promise<RunView | null> } | undefined
  held(): Held[]
  stop(id: string, reason: StopReason): void
  /**
   * What no job has brought goes to others: at once, and what is awaited after `graceMs`. What begins from now on goes
   * the same way, as soon as it is stored.
   */
  stopAll(graceMs: number): Promise<void>
  isStopping(): boolean
}

type Active = {
  readonly run: RunView
  readonly isInline: boolean
  readonly isAwaited: boolean
  readonly signal: AbortController
  readonly over: Promise<RunView | null>
}

const notConcluded: Worked = { ended: null, isConcluded: false }

/** A loop never rejects: one that does has a bug. */
type Outcome = RunOutcome | { readonly kind: 'broken'; readonly error: unknown }

/** For a loop that was told to stop, a tool of it perhaps; then it is not waited for. */
const leaveMs = 500
const cancelMs = 5000

export function createExecutor<Tables>(dependencies: {
  loop: RunLoop
  writer: Writer
  transitions: Pick<Transitions<Tables>, 'end' | 'endBroken' | 'wait' | 'promote' | 'handBack'>
  log: Log
  observer: RunObserver
  /** Runs at most that no job has brought. */
  inlineRuns: number
}): Executor {
  const { loop, writer, transitions, log, observer, inlineRuns } = dependencies
  const outage = createOutage()
  const active = new Map<string, Active>()
  let inline = 0
  let isStopping = false
  /** While it stops: what is awaited may go on. */
  let isPatient = true

  /** A loop that does not stop when it is told to is left behind: what it writes then goes nowhere. */
  async function loopOf(taken: Taken, caller: Caller, signal: AbortSignal, lane: ReturnType<Writer['open']>) {
    const { run, steps, approvals, held, announced, guarded = {} } = taken
    const left = Promise.withResolvers<RunOutcome>()
    let timer: NodeJS.Timeout | undefined
    const onAbort = () => {
      const limitMs = signal.reason === 'cancelled' ? cancelMs : leaveMs
      timer = setTimeout(() => left.resolve({ kind: 'left', ...totalsOf(steps) }), limitMs)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    try {
      const made = { ...(held === undefined ? {} : { held }), ...(announced ? { announced } : {}) }
      const work = { run, caller, mode: run.mode, steps, approvals, stream: lane, signal, guarded, ...made }
      return await Promise.race([loop(work), left.promise])
    } catch (error) {
      return { kind: 'broken', error } as const
    } finally {
      clearTimeout(timer)
    }
  }

  async function perform(
    taken: Taken,
    caller: Caller,
    stop: AbortController,
    withJob: boolean,
  ): Promise<Worked> {
    const { run } = taken
    const lane = writer.open(run, taken.begin, () => stop.abort('lost' satisfies StopReason))
    try {
      const outcome: Outcome = taken.isCancelRequested
        ? { kind: 'cancelled', output: null, ...totalsOf(taken.steps) }
        : await loopOf(taken, caller, stop.signal, lane)
      const rest = await lane.close()
      return await outage.insist(() => conclude(run, outcome, rest, stop.signal, withJob))
    } catch (error) {
      // It is taken over when its lease ends, or by its job.
      log.error('run-conclude-fail', { run_id: run.id, err: error })
      return notConcluded
    }
  }

  async function conclude(
    run: Taken['run'],
    outcome: Outcome,
    rest: Rest,
    signal: AbortSignal,
    withJob: boolean,
  ): Promise<Worked> {
    if (signal.reason === 'lost') return notConcluded
    const isCancelled = signal.reason === 'cancelled'
    switch (outcome.kind) {
      case 'waiting': {
        const answer = isCancelled ? 'cancelled' : await transitions.wait(run, rest, outcome.questions)
        return answer === 'cancelled' ? await endCancelled(run, rest) : concludedIf(answer === 'waits')
      }
      case 'promote': {
        if (isCancelled) return await endCancelled(run, rest)
        const isPromoted = await transitions.promote(run, rest, outcome.reason)
        if (isPromoted)
          log.info('run-promote', { run_id: run.id, agent_id: run.agentId, reason: outcome.reason })
        return concludedIf(isPromoted)
      }
      case 'left':
        if (isCancelled) return await endCancelled(run, rest)
        return concludedIf(await transitions.handBack(run, { withJob: !withJob }))
      case 'broken':
        return ended(run, await transitions.endBroken(run, rest, outcome), { error: outcome.error })
      default: {
        const error = outcome.kind === 'failed' ? outcome.error : null
        const { backend } = outcome
        return ended(run, await transitions.end(run, rest, outcome), { error, backend })
      }
    }
  }

  async function endCancelled(run: Taken['run'], rest: Rest): Promise<Worked> {
    return ended(run, await transitions.endBroken(run, rest, { kind: 'cancelled' }), { error: null })
  }

  function ended(
    run: Taken['run'],
    view: RunView | null,
    { error, backend }: { error: unknown; backend?: string | undefined },
  ): Worked {
    if (!view) return notConcluded
    observer.ended(view)
    if (view.error?.code === 'internal')
      log.error('run-fail', { run_id: run.id, agent_id: run.agentId, err: error })
    log.info('run-end', {
      run_id: run.id,
      agent_id: run.agentId,
      mode: view.mode,
      ...placeOf(run, backend),
      status: view.status,
      stopped: view.stopped,
      code: view.error?.code,
      attempt: view.attempt,
      duration_ms: view.finishedAt && view.finishedAt.getTime() - view.createdAt.getTime(),
      first_token_ms: view.firstTokenMs,
      input_tokens: view.usage.inputTokens,
      output_tokens: view.usage.outputTokens,
      credits: view.credits,
    })
    return { ended: view, isConcluded: true }
  }

  return {
    hasRoom: (coming = 0) => inline + coming < inlineRuns,

    work(taken, caller, { withJob, isAwaited = false }) {
      const { run } = taken
      const signal = new AbortController()
      // Taken again here before the one before has noticed: only one of them writes.
      active.get(run.id)?.signal.abort('lost' satisfies StopReason)
      if (!withJob) inline += 1
      if (run.attempt === 1) observer.begun(run)
      const worked = inContextOf(run, () => perform(taken, caller, signal, withJob)).finally(() => {
        if (!withJob) inline -= 1
        if (active.get(run.id)?.signal === signal) active.delete(run.id)
      })
      const over = worked.then(({ ended }) => ended)
      active.set(run.id, { run, isInline: !withJob, isAwaited, signal, over })
      if (isStopping && !(isAwaited && isPatient)) signal.abort('handed-back' satisfies StopReason)
      return worked
    },

    find: id => active.get(id),
    held: () => [...active.values()].map(({ run }) => ({ id: run.id, attempt: run.attempt })),
    stop: (id, reason) => active.get(id)?.signal.abort(reason),
    isStopping: () => isStopping,

    async stopAll(graceMs) {
      isStopping = true
      for (const { isAwaited, signal } of inlineOnes())
        if (!isAwaited) signal.abort('handed-back' satisfies StopReason)
      const over = allOver()
      const timer = Promise.withResolvers<void>()
      const grace = setTimeout(timer.resolve, graceMs)
      await Promise.race([over, timer.promise])
      clearTimeout(grace)
      isPatient = false
      for (const { signal } of inlineOnes()) signal.abort('handed-back' satisfies StopReason)
      await over
    },
  }

  function inlineOnes(): Active[] {
    return [...active.values()].filter(({ isInline }) => isInline)
  }

  async function allOver(): Promise<void> {
    for (let mine = inlineOnes(); mine.length > 0; mine = inlineOnes())
      await Promise.all(mine.map(({ over }) => over))
  }
}

/** Whoever goes on with a run, all that it does stands under the request that began it. */
function inContextOf<Value>({ id, requestId, ownerId }: RunView, work: () => Value): Value {
  const here = context.getStore()
  if (here && here.requestId === requestId) return work()
  return context.run({ requestId: requestId ?? id, userId: ownerId }, work)
}

function concludedIf(isConcluded: boolean): Worked {
  return isConcluded ? { ended: null, isConcluded } : notConcluded
}

export function noRoom(): Problem {
  return new Problem(
    'runs-overloaded',
    'This server has as many runs under way as it takes. Try again in a second.',
    {
      retryAfterSeconds: 1,
    },
  )
}
