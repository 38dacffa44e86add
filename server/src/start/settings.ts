import { modelDeclaration } from '@roundhouse/sdk/config'
import { z } from 'zod'
import { parseS3Endpoint, parseS3Place } from '../adapters/files/s3/place.ts'
import {
  hostAndPort,
  isBaseUrl,
  jwtIssuers,
  list,
  longKey,
  longKeys,
  origin,
  parsedBy,
  postgresUrl,
  proxy,
  wholeNumber,
} from './setting-forms.ts'
import { alertSettings } from './settings-alerts.ts'
import { jobSettings } from './settings-jobs.ts'
import { logSettings } from './settings-logs.ts'
import { measuredSettings } from './settings-measured.ts'
import { providerSettings } from './settings-providers.ts'
import { tracingSettings } from './settings-tracing.ts'

/**
 * Every setting, in the order of `docs/configuration.md`, which is made from this table. An absent or empty variable
 * takes the default.
 */
export const settings = {
  PORT: {
    schema: wholeNumber(0, 65535),
    default: '3000',
    meaning: 'Port of the HTTP server; 0 takes a free one.',
  },
  HOST: {
    schema: z.string(),
    default: undefined,
    meaning:
      'Address to listen on. `127.0.0.1` in development; in production `::`, or `0.0.0.0` where there is no IPv6.',
  },
  DATA_DIR: {
    schema: z.string(),
    default: './data',
    meaning: 'Folder for the embedded database, files and generated keys.',
  },
  ENVIRONMENT: {
    schema: z.enum(['development', 'test', 'staging', 'production']),
    default: 'development',
    meaning: 'In staging and production keys must be given and are never generated.',
  },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    meaning: 'Least level of the JSON log lines on standard output.',
  },
  PUBLIC_URL: {
    schema: z.string().refine(isBaseUrl, { error: 'is http(s)://host[:port] without a path' }),
    default: undefined,
    meaning:
      'Where browsers reach this server; links and cookies are made for it. `http://localhost:PORT`, on Railway its public domain.',
  },
  SECRET_KEY: {
    schema: longKeys,
    default: undefined,
    meaning:
      'Signs session cookies and links. To change it put the new one in front, `new,old`: links to files that the old one signed stay valid until they expire, everyone signs in anew. Required in staging and production; in development one is made and kept in `DATA_DIR`.',
    secret: true,
  },
  ENCRYPTION_KEY: {
    schema: longKey,
    default: undefined,
    meaning:
      'Encrypts stored secrets. To change it put the new one in front, `new,old`, and run `roundhouse secrets rotate`. Required in staging and production; in development one is made and kept in `DATA_DIR`.',
    secret: true,
  },
  SIGN_UP: {
    schema: z.enum(['open', 'invitation', 'closed']),
    default: 'open',
    meaning: 'Who may make an account: everyone, who was invited by an administrator, or nobody.',
  },
  DEFAULT_PLAN: {
    schema: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, { error: 'is the name of a plan' }),
    default: 'free',
    meaning: 'Plan of a new user; its limits are kept by the server.',
  },
  COOKIES_CROSS_SITE: {
    schema: z.enum(['true', 'false']).transform(text => text === 'true'),
    default: 'false',
    meaning:
      'Session cookies also for a front end on another site (`SameSite=None; Secure`), which `CORS_ORIGINS` must list.',
  },
  TRUSTED_PROXIES: {
    schema: list.pipe(z.array(proxy)),
    default: '',
    meaning:
      'Comma-separated addresses or ranges (`10.0.0.0/8`, `loopback`, `uniquelocal`) whose `X-Forwarded-For` is believed.',
  },
  GITHUB_ID: {
    schema: z.string(),
    default: undefined,
    meaning: 'Client id of a GitHub OAuth app: people may sign in with GitHub.',
  },
  GITHUB_SECRET: {
    schema: z.string(),
    default: undefined,
    meaning: 'Its client secret.',
    secret: true,
  },
  GITHUB_URL: {
    schema: z.string().refine(isBaseUrl, { error: 'is http(s)://host[:port] without a path' }),
    default: 'https://github.com',
    meaning: 'For GitHub Enterprise, or a stand-in: where people sign in.',
  },
  GITHUB_API_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: 'https://api.github.com',
    meaning: 'For GitHub Enterprise, or a stand-in: the API.',
  },
  SUPABASE_URL: {
    schema: z.string().refine(isBaseUrl, { error: 'is http(s)://host[:port] without a path' }),
    default: undefined,
    meaning: 'Supabase project whose access tokens are accepted: `https://<ref>.supabase.co`.',
  },
  SUPABASE_JWT_SECRET: {
    schema: longKey,
    default: undefined,
    meaning:
      'Legacy shared secret of that project (HS256). Without it its public keys are fetched (ES256, RS256, EdDSA).',
    secret: true,
  },
  SUPABASE_JWT_MODE: {
    schema: z.enum(['jwks', 'legacy', 'both']),
    default: undefined,
    meaning:
      'Which of the two counts. `legacy` when the secret is given, else `jwks`; `both` while a project moves to the new keys.',
  },
  SUPABASE_SERVICE_ROLE_KEY: {
    schema: longKey,
    default: undefined,
    meaning: 'A second name and value of `SERVICE_ROLE_KEY`, for apps that have it under this name.',
    secret: true,
  },
  JWT_ISSUERS: {
    schema: jwtIssuers,
    default: '',
    meaning:
      'Other issuers whose tokens are accepted: comma-separated `issuer audience [jwks-url]`, blanks between. Without the third, `<issuer>/.well-known/jwks.json`.',
  },
  ANONYMOUS_USERS: {
    schema: z.enum(['true', 'false']).transform(text => text === 'true'),
    default: 'false',
    meaning: 'Accept the anonymous users of Supabase (`is_anonymous`).',
  },
  RAILWAY_BACKEND_SECRET: {
    schema: longKey,
    default: undefined,
    meaning: 'Shared secret of agent backends: they send it as `x-railway-secret` and may run agents.',
    secret: true,
  },
  SERVICE_ROLE_KEY: {
    schema: longKey,
    default: undefined,
    meaning:
      'Static key with all rights, server to server. Required in staging and production; in development one is made and kept in `DATA_DIR`.',
    secret: true,
  },
  DATABASE_URL: {
    schema: postgresUrl,
    default: undefined,
    meaning:
      'PostgreSQL 15 or later instead of the embedded one. `sslmode=verify-full` checks the certificate; `no-verify` does not and warns.',
    secret: true,
  },
  DATABASE_ADMIN_URL: {
    schema: postgresUrl,
    default: undefined,
    meaning:
      'Login that migrates, when it is not that of `DATABASE_URL`. Without it the server takes on the role `roundhouse_app` after connecting.',
    secret: true,
  },
  DATABASE_POOL_SIZE: {
    schema: wholeNumber(2, 200),
    default: '10',
    meaning:
      'Most connections of one process, beside one for health checks and one for messages between replicas.',
  },
  EMBEDDED_POSTGRES_USER: {
    schema: z.string(),
    default: undefined,
    meaning:
      'Existing user the embedded database runs as when the server is started as root. First of `node`, `postgres`, `nobody` that exists.',
  },
  REDIS_URL: {
    schema: z.string().regex(/^rediss?:\/\//, { error: 'must begin with redis:// or rediss://' }),
    default: undefined,
    meaning:
      'Shares the prediction cache between replicas. Without it, or while it is down, everything works from memory.',
    secret: true,
  },
  FILES_URL: {
    schema: parsedBy(parseS3Place),
    default: undefined,
    meaning:
      'Keeps the bytes of files and models in an S3 storage instead of `DATA_DIR/files`, so that replicas share them: `s3://bucket[/prefix]?endpoint=https://...&region=...&path_style=true`. Without `endpoint` it is AWS; with one the bucket stands in the path unless `path_style=false`.',
  },
  S3_ACCESS_KEY_ID: {
    schema: z.string(),
    default: undefined,
    meaning: 'Key of that storage. `AWS_ACCESS_KEY_ID` is read too.',
    secret: true,
  },
  S3_SECRET_ACCESS_KEY: {
    schema: z.string(),
    default: undefined,
    meaning: 'Its secret. `AWS_SECRET_ACCESS_KEY` is read too.',
    secret: true,
  },
  S3_PUBLIC_ENDPOINT: {
    schema: parsedBy(parseS3Endpoint),
    default: undefined,
    meaning:
      'Address by which clients reach that storage, in the place of `endpoint`: larger files are then read from there, by links that are good for a minute. Without it their bytes pass through this server.',
  },
  FILES_CACHE_BYTES: {
    schema: wholeNumber(1),
    default: '5368709120',
    meaning:
      'Disk space in `DATA_DIR/files-cache` for model files fetched from that storage; beyond it the least recently used goes.',
  },
  CORS_ORIGINS: {
    schema: list.pipe(z.array(origin)),
    default: '',
    meaning: 'Comma-separated exact origins whose pages may call this server.',
  },
  OUTBOUND_ALLOW: {
    schema: list.pipe(z.array(hostAndPort)),
    default: '',
    meaning:
      'Comma-separated `host:port`, each exact: addresses that tools of agents may reach although they are private, of another port, or spoken to by http. Without it only public https is reached.',
  },
  REQUIRED_MODELS: {
    schema: list,
    default: '',
    meaning: 'Comma-separated names of models without which the server is not ready.',
  },
  MODEL_PATH: {
    schema: z
      .string()
      .transform(path => path.replace(/^\/+/, ''))
      .pipe(modelDeclaration.shape.path),
    default: undefined,
    meaning:
      'Object in `MODEL_BUCKET` that is fetched at start, when it is missing or has changed, and served as a required model. More of them: `roundhouse.config.ts`.',
  },
  MODEL_BUCKET: {
    schema: modelDeclaration.shape.bucket.unwrap(),
    default: 'models',
    meaning: 'Its bucket: of this server, else of the S3 that `FILES_URL` names.',
  },
  MODEL_NAME: {
    schema: modelDeclaration.shape.name,
    default: undefined,
    meaning: 'Name it is served by. That of the file, without its ending.',
  },
  MODEL_SHA256: {
    schema: modelDeclaration.shape.sha256.unwrap(),
    default: undefined,
    meaning: 'sha256 of the file; nothing else is served then.',
  },
  MODEL_LOCAL_PATH: {
    schema: z.string(),
    default: undefined,
    meaning:
      'Where a copy lies on this machine: used instead of a download when it has the right sha256, else written.',
  },
  MODEL_DOWNLOAD_ON_STARTUP: {
    schema: z.enum(['true', 'false']).transform(text => text === 'true'),
    default: 'true',
    meaning: '`false` never asks the storage: the model comes from `MODEL_LOCAL_PATH`, or was there before.',
  },
  SAMPLE_MODEL: {
    schema: z.enum(['true', 'false']).transform(text => text === 'true'),
    default: 'true',
    meaning: 'Put the sample model `digits` into a registry that never held a model.',
  },
  MAX_MODEL_SIZE_BYTES: {
    schema: wholeNumber(1),
    default: '104857600',
    meaning: 'Largest model file that is accepted.',
  },
  MAX_FILE_SIZE_BYTES: {
    schema: wholeNumber(1),
    default: '1073741824',
    meaning: 'Largest file that is stored. A bucket may take less.',
  },
  MAX_PREDICT_BODY_BYTES: {
    schema: wholeNumber(1024),
    default: '67108864',
    meaning: 'Largest body of a prediction, after decompression.',
  },
  PREDICT_TIMEOUT_MS: {
    schema: wholeNumber(1),
    default: '30000',
    meaning: 'A prediction that has not finished by then is answered 504. A request may ask for less.',
  },
  MODEL_LANES: {
    schema: wholeNumber(1, 64),
    default: undefined,
    meaning: 'Threads per model of up to 64 MiB. One less than the cores, at least 1 and at most 4.',
  },
  MODEL_MEMORY_BYTES: {
    schema: wholeNumber(1),
    default: undefined,
    meaning:
      'Memory of the loaded models that are not required, by the size of their files, once per thread; beyond it the least recently used goes. Half of the memory.',
  },
  CACHE_MODEL_TTL: {
    schema: wholeNumber(1),
    default: '3600',
    meaning: 'Seconds after its last prediction that an optional model stays in memory.',
  },
  CACHE_PREDICTION_TTL: {
    schema: wholeNumber(0),
    default: '300',
    meaning: 'Seconds that an answer is kept for equal inputs; 0 keeps none.',
  },
  CACHE_PREDICTION_BYTES: {
    schema: wholeNumber(1),
    default: '33554432',
    meaning: 'Memory for kept answers where there is no Redis.',
  },
  PREDICTION_HISTORY: {
    schema: z.enum(['full', 'metadata', 'off']),
    default: 'full',
    meaning:
      '`full` keeps inputs and outputs of up to 256 values, `metadata` keeps none, `off` writes no history.',
  },
  PREDICTION_HISTORY_PER_SECOND: {
    schema: wholeNumber(1),
    default: '100',
    meaning:
      'Predictions a second that each process records in the long run; bursts of up to 10,000 are recorded whole. 100 a second fill about 4 GB a day.',
  },
  PREDICTION_RETENTION_DAYS: {
    schema: wholeNumber(1, 3650),
    default: '7',
    meaning: 'Days that the history is kept.',
  },
  ...providerSettings,
  ...jobSettings,
  ...logSettings,
  ...alertSettings,
  ...tracingSettings,
  ...measuredSettings,
  DRAIN_SECONDS: {
    schema: wholeNumber(1, 3600),
    default: '30',
    meaning: 'Time from SIGTERM to the end. `RAILWAY_DEPLOYMENT_DRAINING_SECONDS` is read too.',
  },
} as const satisfies Record<string, Setting>

export type Setting = { schema: z.ZodType; default: string | undefined; meaning: string; secret?: boolean }
export type SettingName = keyof typeof settings
type Value<Name extends SettingName> = z.output<(typeof settings)[Name]['schema']>
export type Config = {
  readonly [Name in SettingName]:
    | Value<Name>
    | ((typeof settings)[Name]['default'] extends string ? never : undefined)
}
