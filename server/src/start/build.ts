import { totalmem } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { createAccounts } from '../accounts/accounts.ts'
import { createKeys, type Keys } from '../accounts/keys.ts'
import { createLimits } from '../accounts/limits.ts'
import type { GithubOptions } from '../accounts/sign-in/github.ts'
import { createPasswords } from '../accounts/sign-in/password.ts'
import { createSignIn, type SignIn } from '../accounts/sign-in/sign-in.ts'
import { createThrottle } from '../accounts/throttle.ts'
import { issuersFrom } from '../accounts/tokens/issuers.ts'
import { createTokenVerifier } from '../accounts/tokens/verify.ts'
import { createTensorCodec } from '../adapters/codec/codec.ts'
import { fetchJson } from '../adapters/jwks/fetch-json.ts'
import { createPrometheusMetrics } from '../adapters/metrics/prometheus.ts'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { createAdmin } from '../admin/admin.ts'
import { createHealth, type Health } from '../admin/health.ts'
import { createFiles, type Files } from '../files/files.ts'
import { createApp } from '../http/app.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { createSealer } from '../kit/seal.ts'
import { artifactsInFiles } from '../models/artifacts-in-files.ts'
import { createCatalogue } from '../models/catalogue.ts'
import { createModelFetcher } from '../models/fetch.ts'
import { firstSource } from '../models/first-source.ts'
import { createLoader } from '../models/loader.ts'
import { metricLabels } from '../models/model.ts'
import { createRegistry, type Registry } from '../models/registry.ts'
import { createServing, type Serving } from '../models/serving.ts'
import { createShelf } from '../models/shelf.ts'
import { createModelStore } from '../models/store.ts'
import { createJournal } from '../predictions/journal.ts'
import { createPredictionCache } from '../predictions/prediction-cache.ts'
import { createPredictions } from '../predictions/predictions.ts'
import { createPredictionStore } from '../predictions/store.ts'
import { createReports } from '../reports/reports.ts'
import { shippedTemplates } from '../reports/templates.ts'
import { createSecrets } from '../settings/secrets.ts'
import { type Ground, type HouseKeys, lanes } from './choose.ts'
import { isDeployed } from './config.ts'
import { ensureBuckets } from './declared-buckets.ts'
import type { Declared } from './declared-models.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { packageVersion } from './package-version.ts'
import { consoleFolder, migrationsFolder, templatesFolder } from './paths.ts'
import { readings } from './readings.ts'
import { openTypesetter } from './report-typesetter.ts'
import type { Config } from './settings.ts'

/** Everything wired, nothing started. */
export type House = {
  app: FastifyInstance
  keys: Keys
  signIn: SignIn
  publicUrl: string
  registry: Registry
  serving: Serving
  health: Health
  version: string
  /** Before `open`: makes the declared buckets and brings the declared models. @throws Error when a required one cannot be had. */
  prepare(signal: AbortSignal): Promise<void>
  files: Files
  /** Not ready before this: reads what there is and warms it; then keeps it so until `close`. */
  open(): Promise<void>
  /** Finishes what was accepted and frees everything but the ground. */
  close(): Promise<void>
}

const tendMs = 1000
/** Predictions recorded whole before the ceiling a second counts. */
const historyBurst = 10_000
const sweepMs = 3_600_000
const fetchAgainMs = 30_000
const firstSweepMs = 60_000
const journalCloseMs = 3000
const discardCloseMs = 3000

/** The one place that wires adapters, rooms and doors together. A newcomer starts here. */
export async function build(
  config: Config,
  declared: Declared,
  ground: Ground,
  keys: HouseKeys,
  log: Log,
): Promise<House> {
  const { database, bus, cache, counters, files, artifacts } = ground
  const clock = systemClock
  const ids = createIds()
  const version = await packageVersion()

  // Settings
  const secrets = createSecrets({ database, sealer: createSealer(keys.encryption), ids })
  await secrets.assertReadable()

  // Accounts
  // Deployed there is TLS in front, and cookies are made for it.
  const scheme = isDeployed(config) ? 'https' : 'http'
  const publicUrl = (config.PUBLIC_URL ?? `${scheme}://localhost:${config.PORT}`).replace(/\/$/, '')
  if (isDeployed(config) && config.PUBLIC_URL === undefined)
    log.warn('public-url-missing', { detail: 'Links and sign-in with GitHub need PUBLIC_URL.' })
  const throttle = createThrottle({ counters })
  const secretKeys = keys.secret.split(',').map(key => key.trim())
  // Calls between the two: accounts read sessions, and what ends a session ends what accounts remember.
  const changed = (id: string) => accounts.changed(id)
  const signIn = createSignIn({
    database,
    throttle,
    passwords: createPasswords(),
    ids,
    clock,
    log,
    changed,
    publicUrl,
    secretKey: secretKeys[0] ?? keys.secret,
    trustedOrigins: config.CORS_ORIGINS,
    cookiesCrossSite: config.COOKIES_CROSS_SITE,
    signUp: config.SIGN_UP,
    defaultPlan: config.DEFAULT_PLAN,
    github: githubApp(config),
  })
  const accounts = createAccounts({
    database,
    bus,
    clock,
    log,
    serviceKeys: [keys.serviceRole, config.SUPABASE_SERVICE_ROLE_KEY ?? []].flat(),
    backendSecret: config.RAILWAY_BACKEND_SECRET,
    verifier: createTokenVerifier({ issuers: issuersFrom(config), fetchJson, clock, log }),
    defaultPlan: config.DEFAULT_PLAN,
    sessionOf: signIn.sessionOf,
  })
  await accounts.assertDefaultPlan()
  const apiKeys = createKeys({ database, ids, clock, revoked: changed })

  // Files
  const storage = createFiles({
    database,
    files,
    ids,
    clock,
    log,
    secretKeys,
    maxFileBytes: config.MAX_FILE_SIZE_BYTES,
  })

  // Models
  const runtime = createOnnxRuntime({ log })
  await runtime.prepare()
  const loader = createLoader({
    files,
    runtime,
    log,
    now: () => performance.now(),
    lanes: lanes(config),
    reportBatch(model, batch) {
      // A run that ends after its model was removed would be measured for ever.
      if (catalogue.byId(model.id)) metrics.batch({ ...metricLabels(model), ...batch })
    },
  })
  const required = [
    ...new Set([
      ...config.REQUIRED_MODELS,
      ...declared.models.filter(model => model.required).map(({ name }) => name),
    ]),
  ]
  const modelMemoryBytes = config.MODEL_MEMORY_BYTES ?? (process.constrainedMemory() || totalmem()) / 2
  const shelf = createShelf({
    loader,
    clock,
    log,
    idleSeconds: config.CACHE_MODEL_TTL,
    memoryBytes: modelMemoryBytes,
    required,
  })
  const catalogue = createCatalogue({
    store: createModelStore(database.system),
    bus,
    log,
    onGone(model) {
      const labels = metricLabels(model)
      metrics.forget(labels.model, labels.version)
    },
  })
  const serving = createServing({
    catalogue,
    shelf,
    database,
    clock,
    log,
    required,
    preloadBytes: modelMemoryBytes / 4,
  })

  // Predictions
  const predictionStore = createPredictionStore(database.system)
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
    database,
    ids,
    clock,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    retentionDays: config.PREDICTION_RETENTION_DAYS,
  })
  const registry = createRegistry({
    database,
    files,
    loader,
    shelf,
    catalogue,
    serving,
    clock,
    ids,
    log,
    maxSizeBytes: config.MAX_MODEL_SIZE_BYTES,
    onRemove: model => inBackground('prediction-forget', predictions.forget(model.id)),
  })

  const fetcher = createModelFetcher({
    models: declared.models,
    source: firstSource([artifactsInFiles(storage.objects), ...artifacts]),
    registry,
    files,
    store: createModelStore(database.system),
    clock,
    ids,
    log,
  })

  // Reports
  const typesetter = openTypesetter(log)
  const reports = createReports({
    database,
    files: storage,
    typesetter,
    ids,
    templates: [...shippedTemplates(templatesFolder), ...declared.templates],
  })

  // Doors
  const codec = createTensorCodec({ log })
  const health = createHealth({
    checkDatabase: database.check,
    pendingMigrations: () => pendingMigrations({ db: database.system, folder: migrationsFolder }),
    serving,
    fetcher,
    cache,
    files,
    clock,
    version,
    environment: config.ENVIRONMENT,
  })
  const metrics = createPrometheusMetrics(readings({ shelf, predictionCache, journal, database }))
  const app = await createApp({
    accounts,
    keys: apiKeys,
    signIn,
    limits: createLimits({ counters }),
    throttle,
    admin: createAdmin({ database, changed }),
    secrets,
    files: storage,
    registry,
    serving,
    predictions,
    predictionCache,
    reports,
    codec,
    health,
    metrics,
    clock,
    ids,
    log,
    version,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    publicUrl,
    maxModelBytes: config.MAX_MODEL_SIZE_BYTES,
    maxFileBytes: config.MAX_FILE_SIZE_BYTES,
    maxPredictBodyBytes: config.MAX_PREDICT_BODY_BYTES,
    consoleFolder,
  })

  const timers: NodeJS.Timeout[] = []

  function inBackground(event: string, work: Promise<unknown>): void {
    work.catch(error => log.warn(`${event}-fail`, { err: error }))
  }

  const closing = new AbortController()
  const fetchAgain = oneAtATime(() => fetcher.retry(closing.signal))
  const sweepModels = oneAtATime(() => registry.sweep(clock.now()))
  const sweepPredictions = oneAtATime(predictions.sweep)
  const sweepSignIn = oneAtATime(signIn.sweep)
  const sweepFiles = oneAtATime(() => storage.sweep(clock.now()))
  function sweep(): void {
    inBackground('model-sweep', sweepModels())
    inBackground('prediction-sweep', sweepPredictions())
    inBackground('sign-in-sweep', sweepSignIn())
    inBackground('file-sweep', sweepFiles())
  }

  return {
    app,
    keys: apiKeys,
    signIn,
    publicUrl,
    registry,
    serving,
    health,
    version,
    files: storage,
    async prepare(signal) {
      await ensureBuckets(storage.buckets, declared.file.content.buckets ?? [])
      await fetcher.fetchAll(signal)
    },
    async open() {
      await catalogue.refresh()
      health.start()
      await storage.ownsStore().catch(error => log.warn('file-store-mark-fail', { err: error }))
      timers.push(setInterval(() => inBackground('model-tend', serving.tend()), tendMs))
      timers.push(setInterval(() => inBackground('model-fetch', fetchAgain()), fetchAgainMs))
      timers.push(setInterval(sweep, sweepMs), setTimeout(sweep, firstSweepMs))
      await serving.preload()
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      closing.abort()
      catalogue.close()
      await accounts.close()
      await Promise.all([journal.close(journalCloseMs), storage.close(discardCloseMs)])
      await shelf.close()
      await typesetter.close()
      await codec.close()
    },
  }
}

function githubApp(config: Config): GithubOptions | undefined {
  const { GITHUB_ID: clientId, GITHUB_SECRET: clientSecret, GITHUB_URL: url, GITHUB_API_URL: apiUrl } = config
  return clientId !== undefined && clientSecret !== undefined
    ? { clientId, clientSecret, url, apiUrl }
    : undefined
}
