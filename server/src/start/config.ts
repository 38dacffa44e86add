import { type Config, type Setting, type SettingName, settings } from './settings.ts'
import { impossibleAlerts } from './settings-alerts.ts'
import { impossibleProviders } from './settings-providers.ts'
import { impossibleTracing } from './settings-tracing.ts'

/** All that is wrong with the environment, not only the first. Holds no values: they may be secrets. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`The configuration cannot work:\n${problems.map(problem => `  - ${problem}`).join('\n')}`, options)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What could be read of the environment; the settings that are `refused` are not in it. */
export type EnvironmentReading = {
  settings: Partial<Config>
  refused: ReadonlySet<string>
  problems: readonly string[]
}

/** @throws ConfigError with every problem at once. */
export function readConfig(env: Environment): Config {
  const { settings, problems } = inspectConfig(env)
  if (problems.length > 0) throw new ConfigError(problems)
  // Every name of the table has been read by its own schema.
  return settings as Config
}

/** For what has more to check: nothing is thrown. */
export function inspectConfig(env: Environment): EnvironmentReading {
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
  // As far as it goes: `impossible` asks what was refused.
  const config = values as Config
  problems.push(...impossible(config, refused))
  return { settings: config, refused, problems }
}

function aliased(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  if (name === 'DRAIN_SECONDS') return env.RAILWAY_DEPLOYMENT_DRAINING_SECONDS?.trim()
  if (name === 'S3_ACCESS_KEY_ID') return env.AWS_ACCESS_KEY_ID?.trim()
  if (name === 'S3_SECRET_ACCESS_KEY') return env.AWS_SECRET_ACCESS_KEY?.trim()
  const domain = name === 'PUBLIC_URL' ? env.RAILWAY_PUBLIC_DOMAIN?.trim() : undefined
  return domain ? `https://${domain}` : undefined
}

/** What is right setting by setting and cannot work together. What was `refused` is there, and told already. */
function impossible(config: Config, refused: ReadonlySet<string>): string[] {
  const missing = (name: SettingName) => config[name] === undefined && !refused.has(name)
  const problems: string[] = []
  for (const name of ['SECRET_KEY', 'ENCRYPTION_KEY', 'SERVICE_ROLE_KEY'] as const) {
    if (isDeployed(config) && missing(name))
      problems.push(
        `${name}: required when ENVIRONMENT is ${config.ENVIRONMENT}. Make one with: openssl rand -base64 36`,
      )
  }
  if (config.GITHUB_ID !== undefined && missing('GITHUB_SECRET'))
    problems.push('GITHUB_SECRET: goes with GITHUB_ID.')
  if (config.GITHUB_SECRET !== undefined && missing('GITHUB_ID'))
    problems.push('GITHUB_ID: goes with GITHUB_SECRET.')
  const keys = [config.SECRET_KEY, config.ENCRYPTION_KEY, config.SERVICE_ROLE_KEY].filter(
    key => key !== undefined,
  )
  if (new Set(keys).size < keys.length)
    problems.push('SECRET_KEY, ENCRYPTION_KEY, SERVICE_ROLE_KEY: each needs a value of its own.')
  if (config.SUPABASE_URL === undefined && config.SUPABASE_JWT_SECRET !== undefined)
    problems.push('SUPABASE_URL: goes with SUPABASE_JWT_SECRET; tokens are checked for their issuer.')
  if (
    config.SUPABASE_JWT_MODE !== undefined &&
    config.SUPABASE_JWT_MODE !== 'jwks' &&
    missing('SUPABASE_JWT_SECRET')
  )
    problems.push(`SUPABASE_JWT_SECRET: goes with SUPABASE_JWT_MODE=${config.SUPABASE_JWT_MODE}.`)
  if (config.COOKIES_CROSS_SITE && !(config.PUBLIC_URL?.startsWith('https:') ?? isDeployed(config)))
    problems.push(
      'COOKIES_CROSS_SITE: needs a PUBLIC_URL with https; browsers refuse such cookies over http.',
    )
  if (config.DATABASE_ADMIN_URL !== undefined && missing('DATABASE_URL')) {
    problems.push('DATABASE_ADMIN_URL: goes with DATABASE_URL; the embedded database has its own.')
  }
  for (const name of ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const)
    if (config.FILES_URL !== undefined && missing(name)) problems.push(`${name}: goes with FILES_URL.`)
  if (config.S3_PUBLIC_ENDPOINT !== undefined && missing('FILES_URL'))
    problems.push('S3_PUBLIC_ENDPOINT: goes with FILES_URL; files in DATA_DIR are read through this server.')
  for (const name of ['MODEL_NAME', 'MODEL_SHA256'] as const)
    if (config[name] !== undefined && missing('MODEL_PATH') && missing('MODEL_LOCAL_PATH'))
      problems.push(`${name}: goes with MODEL_PATH.`)
  if (config.MODEL_LOCAL_PATH !== undefined && missing('MODEL_PATH') && config.MODEL_DOWNLOAD_ON_STARTUP)
    problems.push(
      'MODEL_PATH: goes with MODEL_LOCAL_PATH. For a file that only lies there set MODEL_DOWNLOAD_ON_STARTUP=false.',
    )
  problems.push(
    ...impossibleAlerts(config, missing),
    ...impossibleProviders(config, missing),
    ...impossibleTracing(config, missing),
  )
  return problems
}

export function isDeployed(config: Config): boolean {
  return config.ENVIRONMENT === 'production' || config.ENVIRONMENT === 'staging'
}
