import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { JobInterruption } from '../jobs/interruptions.ts'
import type { JobHandler, Json } from '../jobs/job.ts'
import { createOutage } from '../jobs/outage.ts'
import type { Clock } from '../kit/clock.ts'
import type { Executor } from './executor.ts'
import { mostAttempts, whyGivenUp } from './give-up.ts'
import type { CallerOf } from './owner.ts'
import type { Held } from './store.ts'
import type { StopReason } from './stream.ts'
import type { Transitions } from './transitions.ts'

/** The queue waits no longer than a day for one job: then the next brings the run, which has no limit but its own. */
const deliveryMs = 23 * 3600 * 1000
const timeoutMs = deliveryMs + 1800 * 1000
/** The run itself counts, and begins anew with each step that is done: its job gives nothing up before. */
const mostBegun = mostAttempts + 1

/** Runs on workers: what takes long, and what its first process could not finish. */
export function createRunHandler<Tables>(dependencies: {
  transitions: Pick<Transitions<Tables>, 'takeForJob' | 'isUnderWay' | 'endUnleased' | 'endUnleasedIn'>
  executor: Pick<Executor, 'work' | 'stop'>
  callerOf: CallerOf
  clock: Pick<Clock, 'after'>
}): JobHandler<Tables> {
  const { transitions, executor, callerOf, clock } = dependencies
  const outage = createOutage()

  const isLeftBehind = (run: Held) => outage.insist(() => transitions.isUnderWay(run))

  return {
    kind: 'run',
    queue: 'run',
    maxAttempts: mostBegun,
    mostCrashes: mostBegun,
    timeoutMs,

    async run({ job, signal }) {
      const id = runIdOf(job.payload)
      const taken = await outage.insist(() => transitions.takeForJob(id), signal)
      if (!taken) return null
      const why = whyGivenUp(taken)
      if (why) {
        await transitions.endUnleased(id, { error: why })
        return null
      }
      const caller = await callerOf(taken).catch(async error => {
        if (!isProblem(error) || error.retryable) throw error
        await transitions.endUnleased(id, { error })
        return undefined
      })
      if (!caller) return null
      const onAbort = () => executor.stop(id, reasonOf(signal.reason))
      signal.addEventListener('abort', onAbort)
      // Whoever looks for runs that no job brings finds it.
      const stopTimer = clock.after(deliveryMs, () => executor.stop(id, 'handed-back'))
      try {
        const working = executor.work(taken, caller, { withJob: true })
        if (signal.aborted) onAbort()
        const { isConcluded } = await working
        // Nobody else would bring it to an end.
        if (!isConcluded && !signal.aborted && (await isLeftBehind(taken.run)))
          throw new Error('What became of the run could not be stored.')
      } finally {
        stopTimer()
        signal.removeEventListener('abort', onAbort)
      }
      return null
    },

    /** A job that was given up leaves no run behind that never ends. */
    async ended(db, job) {
      if (job.status === 'done') return
      const how =
        job.status === 'cancelled'
          ? ({ kind: 'cancelled' } as const)
          : { error: new Problem('job-crashed', job.error?.detail ?? 'The worker of the run failed.') }
      await transitions.endUnleasedIn(db, runIdOf(job.payload), how)
    },
  }
}

/** What `promote` and the others put there. */
function runIdOf(payload: Json): string {
  return (payload as { run_id: string }).run_id
}

function reasonOf(reason: unknown): StopReason {
  const kind = reason instanceof JobInterruption ? reason.kind : 'handed-back'
  return kind === 'timed-out' ? 'cancelled' : kind
}
