import { z } from 'zod'

const wholeNumber = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(minimum).max(maximum)
const list = z.string().transform(text =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(Boolean),
)
const origin = z
  .string()
  .refine(text => URL.canParse(text) && new URL(text).origin === text && !text.includes('*'), {
    error: 'an origin is scheme://host[:port] without a path or *, for instance https://app.example.com',
  })
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, { error: 'must begin with postgresql://' })

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
  SERVICE_ROLE_KEY: {
    schema: z.string().min(32, { error: 'must have at least 32 characters' }),
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
    meaning: 'Most connections of the request pool of one process.',
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
  CORS_ORIGINS: {
    schema: list.pipe(z.array(origin)),
    default: '',
    meaning: 'Comma-separated exact origins whose pages may call this server.',
  },
  REQUIRED_MODELS: {
    schema: list,
    default: '',
    meaning: 'Comma-separated names of models without which the server is not ready.',
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
  DRAIN_SECONDS: {
    schema: wholeNumber(1, 3600),
    default: '30',
    meaning: 'Time from SIGTERM to the end. `RAILWAY_DEPLOYMENT_DRAINING_SECONDS` is read too.',
  },
} as const satisfies Record<string, Setting>

type Setting = { schema: z.ZodType; default: string | undefined; meaning: string; secret?: boolean }
type SettingName = keyof typeof settings
type Value<Name extends SettingName> = z.output<(typeof settings)[Name]['schema']>
export type Config = {
  readonly [Name in SettingName]:
    | Value<Name>
    | ((typeof settings)[Name]['default'] extends string ? never : undefined)
}

/** All that is wrong with the environment, not only the first. Holds no values: they may be secrets. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration cannot work:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** @throws ConfigError with every problem at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const refused = new Set<string>()
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const text = env[name]?.trim() || aliased(env, name) || setting.default
    if (text === undefined) continue
    const result = setting.schema.safeParse(text)
    if (result.success) values[name] = result.data
    else {
      refused.add(name)
      problems.push(`${name}: ${result.error.issues[0]?.message ?? 'not valid'}`)
    }
  }
  // Every name of the table has been read by its own schema just now.
  const config = values as Config
  problems.push(...impossible(config, refused), ...unsupported(env))
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

function aliased(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return name === 'DRAIN_SECONDS' ? env.RAILWAY_DEPLOYMENT_DRAINING_SECONDS?.trim() : undefined
}

/** What is right setting by setting and cannot work together. What was `refused` is there, and told already. */
function impossible(config: Config, refused: ReadonlySet<string>): string[] {
  const missing = (name: SettingName) => config[name] === undefined && !refused.has(name)
  const problems: string[] = []
  if (isDeployed(config) && missing('SERVICE_ROLE_KEY')) {
    problems.push(
      `SERVICE_ROLE_KEY: required when ENVIRONMENT is ${config.ENVIRONMENT}. Make one with: openssl rand -base64 36`,
    )
  }
  if (config.DATABASE_ADMIN_URL !== undefined && missing('DATABASE_URL')) {
    problems.push('DATABASE_ADMIN_URL: goes with DATABASE_URL; the embedded database has its own.')
  }
  return problems
}

const withoutEffect = [
  'FILES_URL',
  'MODEL_BUCKET',
  'MODEL_PATH',
  'MODEL_DOWNLOAD_ON_STARTUP',
  'SUPABASE_URL',
  'SUPABASE_JWT_SECRET',
  'GITHUB_ID',
]

/** Settings that would do nothing here. Whoever sets one counts on it, so it is refused, not passed over. */
function unsupported(env: Readonly<Record<string, string | undefined>>): string[] {
  const problems = withoutEffect
    .filter(name => env[name]?.trim())
    .map(name => `${name}: not supported by this version. Remove it.`)
  const roles = env.ROLES?.split(',').map(role => role.trim())
  if (env.ROLES?.trim() && !['api', 'api,worker'].includes(roles?.sort().join(',') ?? ''))
    problems.push('ROLES: not supported by this version but for api and api,worker. Remove it.')
  return problems
}

export function isDeployed(config: Config): boolean {
  return config.ENVIRONMENT === 'production' || config.ENVIRONMENT === 'staging'
}
