import { totalmem } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { createAccounts } from '../accounts/accounts.ts'
import { createTensorCodec } from '../adapters/codec/codec.ts'
import { createPrometheusMetrics } from '../adapters/metrics/prometheus.ts'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { createHealth, type Health } from '../admin/health.ts'
import { createApp } from '../http/app.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { createCatalogue } from '../models/catalogue.ts'
import { createLoader } from '../models/loader.ts'
import { createRegistry, type Registry } from '../models/registry.ts'
import { createServing, type Serving } from '../models/serving.ts'
import { createShelf } from '../models/shelf.ts'
import { createModelStore } from '../models/store.ts'
import { createJournal } from '../predictions/journal.ts'
import { createPredictionCache } from '../predictions/prediction-cache.ts'
import { createPredictions } from '../predictions/predictions.ts'
import { createPredictionStore } from '../predictions/store.ts'
import { type Ground, lanes } from './choose.ts'
import type { Config } from './config.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { packageVersion } from './package-version.ts'
import { consoleFolder, migrationsFolder } from './paths.ts'
import { readings } from './readings.ts'

/** Everything wired, nothing started. */
export type House = {
  app: FastifyInstance
  registry: Registry
  serving: Serving
  health: Health
  version: string
  /** Not ready before this: reads what there is and warms it; then keeps it so until `close`. */
  open(): Promise<void>
  /** Finishes what was accepted and frees everything but the ground. */
  close(): Promise<void>
}

const tendMs = 1000
/** Predictions recorded whole before the ceiling a second counts. */
const historyBurst = 10_000
const sweepMs = 3_600_000
const firstSweepMs = 60_000
const journalCloseMs = 3000

/** The one place that wires adapters, rooms and doors together. A newcomer starts here. */
export async function build(
  config: Config,
  ground: Ground,
  serviceRoleKey: string,
  log: Log,
): Promise<House> {
  const { database, bus, cache, files } = ground
  const clock = systemClock
  const ids = createIds()
  const version = await packageVersion()

  // Models
  const runtime = createOnnxRuntime({ log })
  await runtime.prepare()
  const modelStore = createModelStore(database.db)
  const loader = createLoader({
    files,
    runtime,
    log,
    now: () => performance.now(),
    lanes: lanes(config),
    reportBatch: ({ name, version: modelVersion }, batch) =>
      metrics.batch({ model: name, version: modelVersion, ...batch }),
  })
  const shelf = createShelf({ loader, clock, log, idleSeconds: config.CACHE_MODEL_TTL })
  const catalogue = createCatalogue({ store: modelStore, bus, log })
  const serving = createServing({
    catalogue,
    shelf,
    store: modelStore,
    clock,
    log,
    required: config.REQUIRED_MODELS,
    preloadBytes: (process.constrainedMemory() || totalmem()) / 8,
  })

  // Predictions
  const predictionStore = createPredictionStore(database.db)
  const predictionCache = createPredictionCache({ cache, ttlSeconds: config.CACHE_PREDICTION_TTL })
  const journal = createJournal({
    store: predictionStore,
    clock,
    log,
    mode: config.PREDICTION_HISTORY,
    perSecond: config.PREDICTION_HISTORY_PER_SECOND,
    burst: historyBurst,
  })
  const predictions = createPredictions({
    serving,
    cache: predictionCache,
    journal,
    store: predictionStore,
    ids,
    clock,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    retentionDays: config.PREDICTION_RETENTION_DAYS,
  })
  const registry = createRegistry({
    store: modelStore,
    files,
    loader,
    shelf,
    catalogue,
    serving,
    ids,
    log,
    maxSizeBytes: config.MAX_MODEL_SIZE_BYTES,
    onRemove(model) {
      metrics.forget(model.name, model.version)
      inBackground('prediction-forget', predictions.forget(model.id))
    },
  })

  // Doors
  const accounts = createAccounts({ serviceRoleKey })
  const codec = createTensorCodec({ log })
  const health = createHealth({
    checkDatabase: database.check,
    pendingMigrations: () => pendingMigrations({ db: database.db, folder: migrationsFolder }),
    serving,
    cache,
    files,
    clock,
    version,
    environment: config.ENVIRONMENT,
  })
  const metrics = createPrometheusMetrics(readings({ shelf, predictionCache, journal, database }))
  const app = await createApp({
    accounts,
    registry,
    serving,
    predictions,
    predictionCache,
    codec,
    health,
    metrics,
    ids,
    log,
    version,
    corsOrigins: config.CORS_ORIGINS,
    maxModelBytes: config.MAX_MODEL_SIZE_BYTES,
    maxPredictBodyBytes: config.MAX_PREDICT_BODY_BYTES,
    consoleFolder,
  })

  const timers: NodeJS.Timeout[] = []

  function inBackground(event: string, work: Promise<unknown>): void {
    work.catch(error => log.warn(`${event}-fail`, { err: error }))
  }

  const sweepModels = oneAtATime(() => registry.sweep(clock.now()))
  const sweepPredictions = oneAtATime(predictions.sweep)
  function sweep(): void {
    inBackground('model-sweep', sweepModels())
    inBackground('prediction-sweep', sweepPredictions())
  }

  return {
    app,
    registry,
    serving,
    health,
    version,
    async open() {
      await catalogue.refresh()
      health.start()
      timers.push(setInterval(() => inBackground('model-tend', serving.tend()), tendMs))
      timers.push(setInterval(sweep, sweepMs), setTimeout(sweep, firstSweepMs))
      await serving.preload()
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      catalogue.close()
      await journal.close(journalCloseMs)
      await shelf.close()
      await codec.close()
    },
  }
}
