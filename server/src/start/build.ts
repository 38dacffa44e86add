import type { FastifyInstance } from 'fastify'
import { identitiesChanged } from '../accounts/accounts.ts'
import type { Keys } from '../accounts/keys.ts'
import { createLimits } from '../accounts/limits.ts'
import type { SignIn } from '../accounts/sign-in/sign-in.ts'
import { createTensorCodec } from '../adapters/codec/codec.ts'
import { createApiImporter } from '../adapters/openapi/importer.ts'
import { createAdmin } from '../admin/admin.ts'
import type { Health } from '../admin/health.ts'
import { createCredits } from '../credits/credits.ts'
import { createEmbeds } from '../embeds/embeds.ts'
import { createFiles, type Files } from '../files/files.ts'
import { createApp } from '../http/app.ts'
import { createIdempotency } from '../idempotency/idempotency.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { createSealer } from '../kit/seal.ts'
import type { LogKeeper } from '../logs/keep-log.ts'
import { createLogs } from '../logs/logs.ts'
import type { Registry } from '../models/registry.ts'
import type { Serving } from '../models/serving.ts'
import { createReports } from '../reports/reports.ts'
import { shippedTemplates } from '../reports/templates.ts'
import { createRequests } from '../requests/requests.ts'
import { createSecrets } from '../settings/secrets.ts'
import type { Tasks } from '../tasks/tasks.ts'
import { buildAccounts } from './build-accounts.ts'
import { type BuiltAgents, buildAgents } from './build-agents.ts'
import { buildChanges } from './build-changes.ts'
import { type BuiltJobs, buildJobs } from './build-jobs.ts'
import { buildKnowledge } from './build-knowledge.ts'
import { buildModels } from './build-models.ts'
import { buildMonitoring } from './build-monitoring.ts'
import { buildPredictionJobs } from './build-prediction-jobs.ts'
import { buildPredictions } from './build-predictions.ts'
import { buildTasks } from './build-tasks.ts'
import type { Ground, HouseKeys } from './choose.ts'
import { createChores } from './chores.ts'
import { ensureAgents } from './declared-agents.ts'
import { ensureBuckets } from './declared-buckets.ts'
import type { Declared } from './declared-models.ts'
import { packageVersion } from './package-version.ts'
import { consoleFolder, templatesFolder } from './paths.ts'
import { processName } from './process-name.ts'
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
  /** Its worker is started after `open`, where the process is one. */
  background: BuiltJobs
  answering: BuiltAgents
  tasks: Tasks
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
const sweepMs = 3_600_000
const fetchAgainMs = 30_000
const alertLookMs = 60_000
const firstSweepMs = 60_000
const journalCloseMs = 3000
const discardCloseMs = 3000
const logCloseMs = 1000

/** The one place that wires adapters, rooms and doors together. A newcomer starts here. */
export async function build(
  config: Config,
  declared: Declared,
  ground: Ground,
  keys: HouseKeys,
  keeper: LogKeeper,
): Promise<House> {
  const { database, counters, files } = ground
  const { log } = keeper
  const clock = systemClock
  const ids = createIds()
  const version = await packageVersion()
  const chores = createChores(log)
  const basics = { clock, ids, log }

  // Logs
  const logs = createLogs({
    database,
    clock,
    process: processName(),
    retentionDays: config.LOG_RETENTION_DAYS,
    retentionLines: config.LOG_RETENTION_LINES,
    onRightsChange: listener => ground.bus.subscribe(identitiesChanged, listener),
  })

  // Settings
  const sealer = createSealer(keys.encryption)
  const secrets = createSecrets({ database, sealer, ids })
  await secrets.assertReadable()

  // Accounts
  const { publicUrl, secretKeys, throttle, signIn, accounts, apiKeys, changed } = await buildAccounts(
    config,
    ground,
    keys,
    ids,
    log,
  )

  // What pages are told of
  const changes = buildChanges(ground, { clock, log })

  // Files
  const storage = createFiles({
    database,
    files,
    ...basics,
    secretKeys,
    maxFileBytes: config.MAX_FILE_SIZE_BYTES,
  })

  // Jobs
  const background = buildJobs(config, ground, ids, log, {
    begun: (kind, waitMs) => metrics.jobBegin({ kind, waitMs }),
    ended: (kind, status) => metrics.jobEnd({ kind, status }),
  })

  // Models
  const { shelf, catalogue, serving, registry, fetcher } = await buildModels(config, ground, declared, {
    storage,
    metrics: () => metrics,
    onRemove: model => chores.inBackground('prediction-forget', predictions.forget(model.id)),
    ...basics,
  })

  // Credits
  const credits = createCredits({ database, clock, log })

  // Predictions
  const { predictions, predictionCache, journal, predictionCounts, embeddings } = buildPredictions(
    config,
    ground,
    { serving, credits, ...basics },
  )

  // Reports
  const typesetter = openTypesetter(log)
  const reports = createReports({
    database,
    files: storage,
    typesetter,
    ids,
    templates: [...shippedTemplates(templatesFolder), ...declared.templates],
  })

  // Tasks
  const codec = createTensorCodec({ log })
  const tasks = buildTasks(ground, background, declared.file.content.tasks, {
    files: storage,
    predictions,
    codec,
    credits,
    publicUrl,
    ids,
    log,
  })

  // Knowledge
  const { knowledge, close: closeKnowledge } = buildKnowledge(ground, background, {
    accounts,
    files: storage,
    serving,
    embeddings,
    answering: () => answering.doors,
    ids,
    log,
  })

  // Agents
  const limits = createLimits({ counters })
  const answering: BuiltAgents = buildAgents(config, ground, background, {
    knowledge,
    declarations: declared.file.content,
    files: storage,
    reports,
    publicUrl,
    secrets,
    accounts,
    credits,
    limits,
    serving,
    predictions,
    codec,
    metrics: () => metrics,
    changes,
    ...basics,
  })

  // Agents on the pages of others
  const embeds = createEmbeds({
    database,
    bus: ground.bus,
    counters,
    accounts,
    agents: answering.doors.agents,
    runs: answering.doors.runs,
    secretKeys,
    publicUrl,
    ...basics,
  })

  // Predictions made when there is time for them
  const { modelJobs, batches } = buildPredictionJobs(config, ground, background, {
    accounts,
    serving,
    predictions,
    credits,
    files: storage,
    codec,
    publicUrl,
    ...basics,
  })

  // How the server is doing
  const monitoring = buildMonitoring(config, ground, {
    serving,
    shelf,
    fetcher,
    presence: background.presence,
    predictionCache,
    predictionCounts,
    journal,
    changes,
    tasks: tasks.names,
    publicUrl,
    version,
    ...basics,
  })
  const { health, metrics, measured, alerts } = monitoring

  // Doors
  const idempotency = createIdempotency({ database, sealer, ids, clock, log })
  const app = await createApp({
    accounts,
    keys: apiKeys,
    signIn,
    limits,
    throttle,
    admin: createAdmin({ database, changed }),
    ...monitoring,
    changes,
    logs,
    requests: createRequests({ database, logs }),
    secrets,
    sealer,
    credits,
    files: storage,
    idempotency,
    tasks,
    jobs: background.jobs,
    modelJobs,
    batches,
    registry,
    serving,
    predictions,
    embeddings,
    predictionCache,
    reports,
    ...answering.doors,
    outbound: ground.outbound,
    apiImporter: createApiImporter(),
    embeds,
    knowledge,
    codec,
    ...basics,
    version,
    answers: config.ROLES.includes('api'),
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    publicUrl,
    maxModelBytes: config.MAX_MODEL_SIZE_BYTES,
    maxFileBytes: config.MAX_FILE_SIZE_BYTES,
    maxPredictBodyBytes: config.MAX_PREDICT_BODY_BYTES,
    consoleFolder,
  })

  const closing = new AbortController()
  const sweeps = {
    'model-sweep': () => registry.sweep(clock.now()),
    'prediction-sweep': predictions.sweep,
    'sign-in-sweep': signIn.sweep,
    'file-sweep': () => storage.sweep(clock.now()),
    'job-sweep': background.jobs.sweep,
    'idempotency-sweep': idempotency.sweep,
    'credit-sweep': credits.sweep,
    'task-sweep': tasks.sweep,
    'log-sweep': logs.sweep,
    'metric-sweep': measured.sweep,
    ...answering.sweeps,
  }

  return {
    app,
    keys: apiKeys,
    signIn,
    publicUrl,
    registry,
    serving,
    background,
    answering,
    tasks,
    health,
    version,
    files: storage,
    async prepare(signal) {
      await tasks.declare()
      await ensureBuckets(storage.buckets, declared.file.content.buckets ?? [])
      await ensureAgents(answering.doors.agents, declared.file.content.agents ?? [])
      await fetcher.fetchAll(signal)
    },
    async open() {
      await catalogue.refresh()
      // Not before: at a start under load it would be one more that asks for a connection at once.
      keeper.open(logs.append)
      health.start()
      await storage.ownsStore().catch(error => log.warn('file-store-mark-fail', { err: error }))
      chores.every(tendMs, 'model-tend', serving.tend)
      chores.every(fetchAgainMs, 'model-fetch', () => fetcher.retry(closing.signal))
      for (const [event, sweep] of Object.entries(sweeps)) chores.every(sweepMs, event, sweep, firstSweepMs)
      await answering.open(chores)
      await serving.preload()
      measured.start()
      chores.every(alertLookMs, 'alert-look', alerts.look, 0)
    },
    async close() {
      chores.stop()
      closing.abort()
      catalogue.close()
      changes.close()
      embeds.close()
      await answering.close()
      await closeKnowledge()
      await alerts.close()
      await accounts.close()
      await measured.close()
      await Promise.all([journal.close(journalCloseMs), storage.close(discardCloseMs)])
      await shelf.close()
      await typesetter.close()
      await codec.close()
      await keeper.close(logCloseMs)
    },
  }
}
