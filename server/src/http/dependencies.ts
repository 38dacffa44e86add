import type { Accounts } from '../accounts/accounts.ts'
import type { Keys } from '../accounts/keys.ts'
import type { Limits } from '../accounts/limits.ts'
import type { SignIn } from '../accounts/sign-in/sign-in.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Admin } from '../admin/admin.ts'
import type { Health } from '../admin/health.ts'
import type { Files } from '../files/files.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Registry } from '../models/registry.ts'
import type { Serving } from '../models/serving.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { PredictionCache } from '../predictions/prediction-cache.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { Reports } from '../reports/reports.ts'
import type { Secrets } from '../settings/secrets.ts'

/** What the routes call, and the limits they keep. */
export type HttpDependencies = {
  accounts: Accounts
  keys: Keys
  signIn: SignIn
  limits: Limits
  throttle: Throttle
  admin: Admin
  secrets: Secrets
  files: Files
  registry: Registry
  serving: Serving
  predictions: Predictions
  predictionCache: PredictionCache
  reports: Reports
  codec: TensorCodec
  health: Health
  metrics: Metrics
  clock: Clock
  ids: Ids
  log: Log
  version: string
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
