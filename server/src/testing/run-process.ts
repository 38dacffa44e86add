import { type AgentConfig, agentConfig } from '@roundhouse/sdk/contract'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { createLimits } from '../accounts/limits.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import { openPgBossQueue } from '../adapters/pg-boss/queue.ts'
import { readConnection } from '../adapters/postgres/connection.ts'
import type { Agent } from '../agents/agent.ts'
import { creditsWithin } from '../credits/within.ts'
import type { Jobs } from '../jobs/job.ts'
import { createJobs } from '../jobs/jobs.ts'
import type { JobTables } from '../jobs/store.ts'
import { createWorker } from '../jobs/worker.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import type { Tracer } from '../ports/tracer.ts'
import { createRunRoom, type RunRoom } from '../runs/room.ts'
import type { RunView } from '../runs/run.ts'
import type { RunLoop } from '../runs/stream.ts'
import type { Summaries } from '../runs/threads/summaries.ts'
import { defer, type Scope } from './defer.ts'
import type { TestDatabase } from './test-database.ts'

export type RunProcess = RunRoom<JobTables> & {
  readonly caller: Caller
  readonly begun: RunView[]
  readonly ended: RunView[]
}

export type RunProcessOptions = {
  loop: RunLoop
  config?: Partial<AgentConfig>
  bus?: Bus
  /** Whether it works on jobs. */
  works?: boolean
  inlineRuns?: number
  /** What a first step holds of the owner's credits. */
  price?: number
  caller?: Caller
  tracer?: Tracer | null
  summaries?: Summaries
  clock?: Clock
  /** Whether the owner of a run may not be here any more. */
  isOwnerGone?: () => boolean
  hasWorkers?: () => Promise<boolean>
}

const ids = createIds()

/** The runs of one process, with a loop of the test's; every agent there is has the same configuration. */
export async function openRunProcess(
  scope: Scope,
  { database, appUrl }: TestDatabase & { database: Database<JobTables> },
  options: RunProcessOptions,
): Promise<RunProcess> {
  const {
    loop,
    works = false,
    bus = createInProcessBus(),
    inlineRuns = 100,
    price = 0,
    tracer = null,
    summaries = { make: async () => {}, close: async () => {} },
    clock = systemClock,
    isOwnerGone = () => false,
    hasWorkers = async () => works,
  } = options
  const config = agentConfig.parse({ model: 'demo/demo', ...options.config })
  const caller = options.caller ?? serviceCaller('test')
  const connection = readConnection({ url: appUrl, applicationName: 'rh-boss' }, silentLog)
  const queue = await openPgBossQueue({ connection, works, log: silentLog })
  defer(scope, queue.close)
  const begun: RunView[] = []
  const ended: RunView[] = []
  const nobody = { begun: () => {}, ended: () => {} }
  const jobs: Jobs<JobTables> = createJobs<JobTables>({
    database,
    queue,
    bus,
    ids,
    log: silentLog,
    now: Date.now,
    handlers: () => [room.handler],
    retentionDays: 7,
    observer: nobody,
  })
  const room: RunRoom<JobTables> = createRunRoom<JobTables>({
    database,
    agents: {
      runnable: async (_caller, _target, version) => ({
        agent: {} as Agent,
        version: typeof version === 'number' ? version : 1,
        config,
      }),
    },
    accounts: {
      async owner(id) {
        if (isOwnerGone()) return undefined
        return id === null ? serviceCaller('job') : { ...caller, userId: id }
      },
    },
    jobs,
    credits: creditsWithin,
    limits: createLimits({ counters: createMemoryCounters() }),
    loop,
    firstHold: async (_caller, run) => ({
      bill: { userId: run.ownerId, amount: price, reason: 'run', reference: `run:${run.id}:1:${price}` },
      seconds: 60,
      model: null,
    }),
    guards: { input: async (_run, messages) => ({ messages, acts: [] }), note: async (_run, text) => text },
    summaries,
    bus,
    ids,
    clock,
    log: silentLog,
    observer: { begun: run => begun.push(run), ended: run => ended.push(run), written: () => {} },
    changed() {},
    tracer,
    hasWorkers,
    inlineRuns,
    retentionDays: 7,
    threadRetentionDays: 7,
  })
  room.open()
  defer(scope, room.close)
  if (works) {
    const worker = createWorker({
      database,
      queue,
      bus,
      ids,
      log: silentLog,
      handlers: () => [room.handler],
      concurrency: 10,
      observer: nobody,
    })
    await worker.start()
    defer(scope, () => worker.stop(0))
  }
  defer(scope, () => room.stop(0))
  return { ...room, caller, begun, ended }
}
