import type { Health } from '../admin/health.ts'
import { createMeasured, type Measured } from '../admin/measured/measured.ts'
import type { Counted, Gauges } from '../admin/measured/sample.ts'
import { coarseMs } from '../admin/measured/sampler.ts'
import { createMeasuredStore } from '../admin/measured/store.ts'
import { createOverview, type Overview } from '../admin/overview/overview.ts'
import { createParts } from '../admin/overview/parts.ts'
import { createServer, type Server } from '../admin/server/server.ts'
import type { Presence } from '../jobs/presence/presence.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Serving } from '../models/serving.ts'
import type { Shelf } from '../models/shelf.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { PredictionCache } from '../predictions/prediction-cache.ts'
import type { PredictionCounts } from '../predictions/prediction-counts.ts'
import type { Ground } from './choose.ts'
import { watchEventLoop } from './event-loop.ts'
import { serverFacts } from './server-facts.ts'
import type { Config } from './settings.ts'

export type BuiltMeasured = {
  measured: Measured
  overview: Overview
  server: Server
}

type Rooms = {
  serving: Serving
  shelf: Pick<Shelf, 'warm'>
  presence: Pick<Presence, 'lastDepths'>
  predictionCounts: PredictionCounts
  predictionCache: Pick<PredictionCache, 'metrics'>
  metrics: Metrics
  health: Health
  pendingMigrations: () => Promise<readonly string[]>
  publicUrl: string
  version: string
  clock: Clock
  ids: Ids
  log: Log
}

/** What is measured over time, and what administrators are told of how things stand. */
export function buildMeasured(config: Config, ground: Ground, rooms: Rooms): BuiltMeasured {
  const { database, cache, files } = ground
  const { serving, metrics, predictionCounts, health, version, clock } = rooms
  const startedAt = clock.now()
  const sampleMs = config.METRICS_SAMPLE_SECONDS * 1000
  const parts = createParts({ health, checkDatabase: database.check, cache, files, clock })
  const gauges = createGauges(config, ground, rooms)
  const measured = createMeasured({
    ...rooms,
    database,
    row: serving.row,
    sampleMs,
    retentionDays: config.METRICS_RETENTION_DAYS,
    counted: () => countedSoFar(rooms),
    latency: () => metrics.counts.latency,
    models: predictionCounts,
    async gauges() {
      // Looked at also when nobody asks, so that it is known since when a part is as it is.
      const [now] = await Promise.all([gauges.read(), parts()])
      return now
    },
  })
  return {
    measured: {
      ...measured,
      start() {
        gauges.start()
        measured.start()
      },
      async close() {
        await measured.close()
        gauges.stop()
      },
    },
    overview: createOverview({
      database,
      serving,
      parts,
      sampleMs,
      version,
      environment: config.ENVIRONMENT,
      startedAt,
      clock,
    }),
    server: createServer({
      database,
      facts: serverFacts(config, { ...rooms, startedAt, cache }),
      pendingMigrations: rooms.pendingMigrations,
    }),
  }
}

function countedSoFar({ metrics, predictionCounts, predictionCache }: Rooms): Counted {
  const { requests, clientErrors, serverErrors, runs, failedRuns, jobs, failedJobs } = metrics.counts
  const { calls, errors } = predictionCounts.totals()
  const { hits, misses } = predictionCache.metrics()
  return {
    requests,
    clientErrors,
    serverErrors,
    runs,
    failedRuns,
    jobs,
    failedJobs,
    predictions: calls,
    failedPredictions: errors,
    cacheHits: hits,
    cacheMisses: misses,
  }
}

function createGauges(config: Config, { database }: Ground, { presence, shelf, clock }: Rooms) {
  const store = createMeasuredStore(database.system)
  const eventLoop = watchEventLoop()
  const knowsQueue = config.ROLES.includes('worker')
  let size: { at: number; bytes: number } | undefined

  /** A look at every file of the database. */
  async function databaseBytes(): Promise<number> {
    const now = clock.elapsed()
    if (!size || now - size.at >= coarseMs) size = { at: now, bytes: await store.databaseBytes() }
    return size.bytes
  }

  return {
    start: eventLoop.start,
    stop: eventLoop.stop,
    /** What the database does not tell in time is not known. */
    async read(): Promise<Gauges> {
      const { total, idle, waiting } = database.connections()
      const standing = await store.standing().catch(() => null)
      const bytes = await databaseBytes().catch(() => null)
      return {
        runsActive: standing?.runsActive ?? null,
        queueWaiting: knowsQueue
          ? presence.lastDepths().reduce((sum, queue) => sum + queue.waiting, 0)
          : null,
        queueOldestSeconds: standing?.oldestSeconds ?? null,
        eventLoopP99Ms: eventLoop.p99Ms(),
        memoryBytes: process.memoryUsage.rss(),
        poolUsed: total - idle,
        poolWaiting: waiting,
        modelsLoaded: shelf.warm().length,
        databaseBytes: bytes,
      }
    },
  }
}
