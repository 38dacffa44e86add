import { isProblem, type Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Log } from '../kit/log.ts'
import type { ApprovalStore } from './approvals/store.ts'
import { totalsOf } from './conclusions.ts'
import type { Executor } from './executor.ts'
import { whyGivenUp } from './give-up.ts'
import type { CallerOf } from './owner.ts'
import type { Held, RunStore } from './store.ts'
import type { Taken, Transitions } from './transitions.ts'

export type Takeover = {
  /** Sees to runs whose process is gone, so that none is under way for ever. */
  takeAbandoned(): Promise<void>
  /** Questions that nobody has answered in time are denied. */
  denyExpired(): Promise<void>
}

const atATime = 100
/** In which every process that is there has renewed its leases. */
const renewedMs = 10_000
const notAnswered = 'Nobody has answered in time.'

export function createTakeover<Tables>(dependencies: {
  store: Pick<RunStore, 'abandoned'>
  approvals: Pick<ApprovalStore, 'expired'>
  transitions: Pick<Transitions<Tables>, 'requeue' | 'takeAbandoned' | 'end' | 'answer'>
  executor: Pick<Executor, 'hasRoom' | 'isStopping' | 'work'>
  callerOf: CallerOf
  /** Whether any process works on jobs. */
  hasWorkers: () => Promise<boolean>
  log: Log
}): Takeover {
  const { store, approvals, transitions, executor, callerOf, hasWorkers, log } = dependencies

  let restUntil = 0

  async function seeTo(run: Held & { ownerId: string | null }, toWorkers: boolean): Promise<void> {
    if (!toWorkers) return await goOnHere(run)
    if (await transitions.requeue(run))
      log.warn('run-take-over', { run_id: run.id, attempt: run.attempt + 1 })
  }

  async function goOnHere(run: Held): Promise<void> {
    if (executor.isStopping() || !executor.hasRoom()) return
    const taken = await transitions.takeAbandoned(run)
    if (!taken) return
    log.warn('run-take-over', { run_id: run.id, attempt: taken.run.attempt })
    const why = whyGivenUp(taken)
    const caller = why ?? (await callerOf(taken).catch(refusalOf))
    if (isProblem(caller)) await refuse(taken, caller)
    else void executor.work(taken, caller, { withJob: false })
  }

  async function refuse({ run, steps, begin }: Taken, error: Problem): Promise<void> {
    const rest = { events: [], steps: [], nextSeq: begin.lastSeq + 1 }
    await transitions.end(run, rest, { kind: 'failed', error, output: null, ...totalsOf(steps) })
  }

  /** Where the database was away the leases ended of those too who are there. */
  async function look(): Promise<{ runs: Awaited<ReturnType<RunStore['abandoned']>>; toWorkers: boolean }> {
    try {
      const toWorkers = await hasWorkers()
      return { runs: await store.abandoned(atATime, { hasWorkers: toWorkers }), toWorkers }
    } catch (error) {
      restUntil = performance.now() + renewedMs
      throw error
    }
  }

  return {
    async takeAbandoned() {
      const { runs, toWorkers } = await look()
      if (performance.now() < restUntil) return
      for (const run of runs)
        await seeTo(run, toWorkers).catch(error =>
          log.warn('run-take-over-fail', { run_id: run.id, err: error }),
        )
    },

    async denyExpired() {
      for (const { id, runId } of await approvals.expired(atATime))
        await transitions.answer(runId, id, { approved: false, note: notAnswered, by: null }).catch(error => {
          // Somebody has answered meanwhile.
          if (isProblem(error) && error.code === 'conflict') return
          log.warn('approval-expire-fail', { run_id: runId, err: error })
        })
    },
  }
}

/** Why its owner may not go on; what else goes wrong is for the next time. */
function refusalOf(error: unknown): Caller | Problem {
  if (isProblem(error) && !error.retryable) return error
  throw error
}
