import type { Accounts } from '../accounts/accounts.ts'
import type { Limits } from '../accounts/limits.ts'
import type { AgentLookup } from '../agents/agent.ts'
import type { Changes } from '../changes/changes.ts'
import type { Credits } from '../credits/credits.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Providers } from '../providers/provider.ts'
import { spanOfCall } from '../runs/gateway/call-span.ts'
import { createGateway, type Gateway } from '../runs/gateway/gateway.ts'
import { createGuards } from '../runs/guards/guards.ts'
import { createFirstHold } from '../runs/loop/first-hold.ts'
import { createLoop } from '../runs/loop/loop.ts'
import { createRunPrice } from '../runs/loop/run-price.ts'
import { createRunRoom, type RunRoom } from '../runs/room.ts'
import { createSummaries } from '../runs/threads/summaries.ts'
import type { Toolbox } from '../runs/tool.ts'
import type { BuiltJobs } from './build-jobs.ts'
import type { Ground, HouseTables } from './choose.ts'
import type { Chores } from './chores.ts'
import type { Config } from './settings.ts'

/** An inline run that takes longer goes on on a worker. */
const inlineMs = 60_000
const takeOverMs = 5000
const expireMs = 60_000
const recordCloseMs = 3000

export type BuiltRuns = Omit<RunRoom<HouseTables>, 'close'> & {
  /** Calls of models that no run makes. */
  gateway: Gateway
  startChores(chores: Chores): void
  close(): Promise<void>
}

/** Runs of agents: here, and on workers. */
export function buildRuns(
  config: Config,
  { database, bus, outbound, tracer }: Ground,
  background: BuiltJobs,
  rooms: {
    agents: Pick<AgentLookup, 'runnable'>
    accounts: Pick<Accounts, 'owner'>
    credits: Credits
    limits: Limits
    providers: Providers
    toolbox: Toolbox
    /** Made later than this, from what is built here. */
    metrics: () => Pick<Metrics, 'runBegin' | 'runEnd' | 'runEvents' | 'guardrailAct' | 'gatewayCall'>
    changes: Pick<Changes, 'tell'>
    clock: Clock
    ids: Ids
    log: Log
  },
): BuiltRuns {
  const { credits, metrics, clock } = rooms
  const runPrice = createRunPrice({ credits, clock })
  const guards = createGuards({ outbound, log: rooms.log, acted: act => metrics().guardrailAct(act) })
  const room = createRunRoom<HouseTables>({
    ...rooms,
    database,
    bus,
    tracer,
    jobs: background.jobs,
    firstHold: createFirstHold({ ...rooms, runPrice }),
    guards,
    summaries: createSummaries({ ...rooms, database }),
    loop: createLoop({
      ...rooms,
      runPrice,
      guards,
      remoteSecret: config.RAILWAY_BACKEND_SECRET ?? null,
      inlineMs,
    }),
    observer: {
      begun: run => metrics().runBegin(run),
      ended: run => metrics().runEnd(run),
      written: count => metrics().runEvents(count),
    },
    changed: ({ id, ownerId }) => rooms.changes.tell({ kind: 'run', id, userId: ownerId ?? null }),
    // Its own presence may have lapsed, and goes first when it stops: what it gave back it does not take again.
    hasWorkers: async () =>
      config.ROLES.includes('worker') || (await background.presence.workers()).length > 0,
    inlineRuns: config.RUN_CONCURRENCY,
    retentionDays: config.JOB_RETENTION_DAYS,
    threadRetentionDays: config.THREAD_RETENTION_DAYS,
  })
  const gateway = createGateway({
    ...rooms,
    database,
    retentionDays: config.PREDICTION_RETENTION_DAYS,
    ended(call) {
      metrics().gatewayCall(call)
      const span = tracer && spanOfCall(call)
      if (span) tracer.span(span)
    },
  })
  background.handlers.push(room.handler)
  return {
    ...room,
    gateway,
    startChores(chores) {
      chores.every(takeOverMs, 'run-take-over', room.takeover.takeAbandoned)
      chores.every(expireMs, 'approval-expire', room.takeover.denyExpired)
    },
    async close() {
      await Promise.all([room.close(), gateway.close(recordCloseMs)])
    },
  }
}
