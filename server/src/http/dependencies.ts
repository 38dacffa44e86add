import type { Accounts } from '../accounts/accounts.ts'
import type { Keys } from '../accounts/keys.ts'
import type { Limits } from '../accounts/limits.ts'
import type { SignIn } from '../accounts/sign-in/sign-in.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Admin } from '../admin/admin.ts'
import type { Alerts } from '../admin/alerts/alerts.ts'
import type { Health } from '../admin/health.ts'
import type { Measured } from '../admin/measured/measured.ts'
import type { Overview } from '../admin/overview/overview.ts'
import type { Server } from '../admin/server/server.ts'
import type { Agents } from '../agents/agents.ts'
import type { Changes } from '../changes/changes.ts'
import type { Credits } from '../credits/credits.ts'
import type { Embeds } from '../embeds/embeds.ts'
import type { Files } from '../files/files.ts'
import type { Idempotency } from '../idempotency/idempotency.ts'
import type { Jobs } from '../jobs/job.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Sealer } from '../kit/seal.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import type { Logs } from '../logs/logs.ts'
import type { Registry } from '../models/registry.ts'
import type { Serving } from '../models/serving.ts'
import type { ApiImporter } from '../ports/api-importer.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Outbound } from '../ports/outbound.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Batches } from '../predictions/batch/batches.ts'
import type { Embeddings } from '../predictions/embeddings/embeddings.ts'
import type { ModelJobs } from '../predictions/model-job.ts'
import type { PredictionCache } from '../predictions/prediction-cache.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { ProviderRoom } from '../providers/providers.ts'
import type { Reports } from '../reports/reports.ts'
import type { Requests } from '../requests/requests.ts'
import type { Gateway } from '../runs/gateway/gateway.ts'
import type { Runs } from '../runs/run.ts'
import type { Secrets } from '../settings/secrets.ts'
import type { Tasks } from '../tasks/tasks.ts'

/** What the routes call, and the limits they keep. */
export type HttpDependencies = {
  accounts: Accounts
  keys: Keys
  signIn: SignIn
  limits: Limits
  throttle: Throttle
  admin: Admin
  alerts: Alerts
  measured: Pick<Measured, 'house' | 'model'>
  overview: Overview
  server: Server
  logs: Pick<Logs, 'list' | 'follow'>
  requests: Requests
  changes: Pick<Changes, 'tell' | 'follow'>
  secrets: Secrets
  sealer: Pick<Sealer, 'seal' | 'open'>
  credits: Credits
  files: Files
  idempotency: Idempotency
  jobs: Omit<Jobs<unknown>, 'add' | 'sweep'>
  modelJobs: Pick<ModelJobs, 'create'>
  batches: Batches
  tasks: Tasks
  registry: Registry
  serving: Serving
  predictions: Predictions
  embeddings: Embeddings
  predictionCache: PredictionCache
  reports: Reports
  providers: Omit<ProviderRoom, 'open' | 'close'>
  agents: Agents
  runs: Runs
  embeds: Omit<Embeds, 'close'>
  gateway: Gateway
  outbound: Pick<Outbound, 'fetch'>
  apiImporter: ApiImporter
  knowledge: Knowledge
  codec: TensorCodec
  health: Health
  metrics: Metrics
  clock: Clock
  ids: Ids
  log: Log
  version: string
  /** False for a process that only works: it answers who looks after it, and nobody else. */
  answers: boolean
  corsOrigins: readonly string[]
  /** Addresses and ranges whose forwarded address is believed. */
  trustedProxies: readonly string[]
  /** Where browsers reach this server, without a path. */
  publicUrl: string
  maxModelBytes: number
  maxFileBytes: number
  maxPredictBodyBytes: number
  /** The folder with the console's built pages. */
  consoleFolder: string
}
