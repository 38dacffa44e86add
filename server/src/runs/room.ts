import type { Accounts } from '../accounts/accounts.ts'
import type { Limits } from '../accounts/limits.ts'
import type { AgentLookup } from '../agents/agent.ts'
import type { CreditsWithin } from '../credits/within.ts'
import type { JobHandler, Jobs } from '../jobs/job.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import type { Tracer } from '../ports/tracer.ts'
import { createApprovalStore } from './approvals/store.ts'
import { createBeginRun } from './begin.ts'
import { createFollow, type Follow } from './events/follow.ts'
import { createEventStore } from './events/store.ts'
import { createWriter, type Writer } from './events/writer.ts'
import { createExecutor, type RunObserver } from './executor.ts'
import type { Guards } from './guards/guards.ts'
import { createRunHandler } from './handler.ts'
import { createLease } from './lease.ts'
import type { FirstHold } from './loop/first-hold.ts'
import { createCallerOf } from './owner.ts'
import type { Runs } from './run.ts'
import { createRuns } from './runs.ts'
import { createRunStore } from './store.ts'
import type { RunLoop } from './stream.ts'
import { createTakeover, type Takeover } from './takeover.ts'
import { createTelemetryStore } from './telemetry/store.ts'
import { createRunTelemetry } from './telemetry/telemetry.ts'
import { createThreadStore } from './threads/store.ts'
import type { Summaries } from './threads/summaries.ts'
import { createTransitions } from './transitions.ts'

export type RunRoom<Tables> = {
  readonly runs: Runs
  readonly handler: JobHandler<Tables>
  readonly takeover: Takeover
  /** Removes the events of runs that ended longer ago than the retention, and threads that nobody has used since. */
  sweep(): Promise<void>
  /** From now on it follows others and keeps its leases. */
  open(): void
  /** Runs go to other processes: those that somebody here waits for after `graceMs`, the others at once; then the readers. */
  stop(graceMs: number): Promise<void>
  close(): Promise<void>
}

const spanCloseMs = 1000

/** The runs of one process, wired. */
export function createRunRoom<Tables>(dependencies: {
  database: Database<Tables>
  agents: Pick<AgentLookup, 'runnable'>
  accounts: Pick<Accounts, 'owner'>
  jobs: Pick<Jobs<Tables>, 'add'>
  credits: Pick<CreditsWithin, 'holdIn' | 'settleUpToIn'>
  limits: Pick<Limits, 'acquireRun'>
  loop: RunLoop
  firstHold: FirstHold
  guards: Pick<Guards, 'input' | 'note'>
  summaries: Summaries
  bus: Bus
  ids: Ids
  clock: Clock
  log: Log
  observer: RunObserver & { written(events: number): void }
  /** Told of each run that is not what it was; whose it is, where that is known. Neither throws nor waits. */
  changed: (run: { readonly id: string; readonly ownerId?: string | null }) => void
  tracer: Tracer | null
  hasWorkers: () => Promise<boolean>
  inlineRuns: number
  retentionDays: number
  threadRetentionDays: number
}): RunRoom<Tables> {
  const { database, accounts, bus, log, observer, summaries, retentionDays, threadRetentionDays } =
    dependencies
  const events = createEventStore(database.system)
  const store = createRunStore(database.system)
  // Each needs the other: readers ask what is written here, and are told of it.
  const follow: Follow = createFollow({ store: events, writer: () => writer, bus, log })
  const writer: Writer = createWriter({
    store: events,
    log,
    onWritten(parts) {
      follow.written(parts)
      observer.written(parts.reduce((sum, part) => sum + part.events.length, 0))
    },
  })
  const telemetry = createRunTelemetry({ ...dependencies, store: createTelemetryStore(database.system) })
  const { ended } = telemetry
  const transitions = createTransitions({ ...dependencies, writer, follow, ended, summarise: summaries.make })
  const executor = createExecutor({ ...dependencies, writer, transitions })
  const lease = createLease({ store, executor, bus, log })
  const callerOf = createCallerOf(accounts)
  const approvals = createApprovalStore(database.system)
  const begin = createBeginRun({ ...dependencies, executor })

  return {
    runs: createRuns({ ...dependencies, begin, events, follow, executor, transitions }),
    handler: createRunHandler({ ...dependencies, transitions, executor, callerOf }),
    takeover: createTakeover({ ...dependencies, store, approvals, transitions, executor, callerOf }),
    async sweep() {
      while (await events.prune(retentionDays));
      const threads = createThreadStore(database.system)
      while (await threads.prune(threadRetentionDays));
    },
    open() {
      follow.start()
      lease.start()
    },
    async stop(graceMs) {
      await executor.stopAll(graceMs)
      follow.end()
    },
    async close() {
      lease.stop()
      follow.stop()
      await summaries.close()
      await telemetry.close(spanCloseMs)
    },
  }
}
