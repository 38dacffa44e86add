import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, isDeployed, readConfig } from './config.ts'
import { settings } from './settings.ts'

const key = 'a-service-role-key-of-more-than-32-characters'
/** What a deployed server must be given. */
const keys = { SECRET_KEY: 's'.repeat(32), ENCRYPTION_KEY: 'e'.repeat(32), SERVICE_ROLE_KEY: key }

/** The problems, a line each, in the order they are told. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message.split('\n').slice(1)
  }
  return []
}

test('an empty environment is a development server that needs nothing', () => {
  const config = readConfig({})
  assert.deepEqual(config, {
    PORT: 3000,
    DATA_DIR: './data',
    ENVIRONMENT: 'development',
    LOG_LEVEL: 'info',
    LOG_LINES_PER_SECOND: 100,
    LOG_RETENTION_DAYS: 7,
    LOG_RETENTION_LINES: 1_000_000,
    SIGN_UP: 'open',
    DEFAULT_PLAN: 'free',
    COOKIES_CROSS_SITE: false,
    TRUSTED_PROXIES: [],
    GITHUB_URL: 'https://github.com',
    GITHUB_API_URL: 'https://api.github.com',
    JWT_ISSUERS: [],
    ANONYMOUS_USERS: false,
    DATABASE_POOL_SIZE: 10,
    FILES_CACHE_BYTES: 5_368_709_120,
    CORS_ORIGINS: [],
    OUTBOUND_ALLOW: [],
    REQUIRED_MODELS: [],
    MODEL_BUCKET: 'models',
    MODEL_DOWNLOAD_ON_STARTUP: true,
    SAMPLE_MODEL: true,
    MAX_MODEL_SIZE_BYTES: 104_857_600,
    MAX_FILE_SIZE_BYTES: 1_073_741_824,
    MAX_PREDICT_BODY_BYTES: 67_108_864,
    PREDICT_TIMEOUT_MS: 30_000,
    CACHE_MODEL_TTL: 3600,
    CACHE_PREDICTION_TTL: 300,
    CACHE_PREDICTION_BYTES: 33_554_432,
    PREDICTION_HISTORY: 'full',
    PREDICTION_HISTORY_PER_SECOND: 100,
    PREDICTION_RETENTION_DAYS: 7,
    ROLES: ['api', 'worker'],
    RUN_CONCURRENCY: 256,
    JOB_RETENTION_DAYS: 7,
    THREAD_RETENTION_DAYS: 365,
    ALERT_ERROR_RATE: 0.05,
    ALERT_MIN_FREE_BYTES: 1_000_000_000,
    OTEL_SERVICE_NAME: 'roundhouse',
    METRICS_SAMPLE_SECONDS: 15,
    METRICS_RETENTION_DAYS: 7,
    DRAIN_SECONDS: 30,
  })
  assert.equal(isDeployed(config), false)
})

test('an empty or blank variable takes the default, as an absent one', () => {
  const blank = Object.fromEntries(Object.keys(settings).map((name, index) => [name, index % 2 ? '' : '  ']))
  assert.deepEqual(readConfig({ ...blank, RAILWAY_DEPLOYMENT_DRAINING_SECONDS: ' ' }), readConfig({}))
})

test('reads what is set, without the blanks around it', () => {
  const config = readConfig({
    PORT: ' 0 ',
    HOST: '::',
    ENVIRONMENT: 'production',
    ...keys,
    DATABASE_URL: 'postgres://app@db/roundhouse',
    DATABASE_ADMIN_URL: 'postgresql://owner@db/roundhouse',
    REDIS_URL: 'rediss://cache:6379',
    CORS_ORIGINS: 'https://app.example.com, http://localhost:5173,,',
    REQUIRED_MODELS: ' iris ,price ',
    SAMPLE_MODEL: 'false',
    MODEL_LANES: '2',
    CACHE_PREDICTION_TTL: '0',
    UNKNOWN: 'is ignored',
  })
  assert.deepEqual(
    [config.PORT, config.HOST, config.SERVICE_ROLE_KEY, config.DATABASE_URL, config.MODEL_LANES],
    [0, '::', key, 'postgres://app@db/roundhouse', 2],
  )
  assert.deepEqual(config.CORS_ORIGINS, ['https://app.example.com', 'http://localhost:5173'])
  assert.deepEqual(config.REQUIRED_MODELS, ['iris', 'price'])
  assert.deepEqual([config.SAMPLE_MODEL, config.CACHE_PREDICTION_TTL], [false, 0])
  assert.equal(isDeployed(config), true)
})

test('reads the addresses that may be private as a URL writes them, and refuses what names more than one', () => {
  const { OUTBOUND_ALLOW } = readConfig({
    OUTBOUND_ALLOW: 'Ollama.railway.internal:11434, 127.1:080,[FD12:0::1]:443',
  })
  assert.deepEqual(OUTBOUND_ALLOW, ['ollama.railway.internal:11434', '127.0.0.1:80', '[fd12::1]:443'])
  for (const text of [
    'host',
    '*:80',
    '*.internal:80',
    'http://host:80',
    'host:0',
    'host:99999',
    'a@host:80',
    'host:80/x',
  ])
    assert.match(problemsOf({ OUTBOUND_ALLOW: text })[0] ?? '', /OUTBOUND_ALLOW: /, text)
})

test('the draining time of the host counts where our own is not set', () => {
  const alias = { RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '45' }
  assert.equal(readConfig(alias).DRAIN_SECONDS, 45)
  assert.equal(readConfig({ ...alias, DRAIN_SECONDS: '' }).DRAIN_SECONDS, 45)
  assert.equal(readConfig({ ...alias, DRAIN_SECONDS: '7' }).DRAIN_SECONDS, 7)
})

test('says everything that is wrong at once, each with the name of its setting', () => {
  const problems = problemsOf({
    PORT: '70000',
    ENVIRONMENT: 'prod',
    DATABASE_URL: 'mysql://db',
    CORS_ORIGINS: 'https://app.example.com/path',
    SAMPLE_MODEL: 'yes',
    PREDICT_TIMEOUT_MS: '1.5',
    DRAIN_SECONDS: 'soon',
    REDIS_URL: 'localhost',
  })
  assert.deepEqual(problems.map(line => line.replace(/^ {2}- ([A-Z_]+): .+$/, '$1')).sort(), [
    'CORS_ORIGINS',
    'DATABASE_URL',
    'DRAIN_SECONDS',
    'ENVIRONMENT',
    'PORT',
    'PREDICT_TIMEOUT_MS',
    'REDIS_URL',
    'SAMPLE_MODEL',
  ])
  assert.ok(problems.some(line => /DATABASE_URL: must begin with postgresql:\/\//.test(line)))
})

test('refuses every kind of origin that would match nothing, or everything', () => {
  for (const origin of ['*', 'app.example.com', 'https://app.example.com/', 'https://*.example.com', 'null'])
    assert.match(problemsOf({ CORS_ORIGINS: origin })[0] ?? '', /CORS_ORIGINS: /, origin)
})

test('a cache of no bytes is refused: keeping no answers is said by a time to live of 0', () => {
  assert.match(problemsOf({ CACHE_PREDICTION_BYTES: '0' })[0] ?? '', /CACHE_PREDICTION_BYTES: /)
  assert.deepEqual(problemsOf({ CACHE_PREDICTION_TTL: '0' }), [])
})

test('a message never holds a secret, nor any other value', () => {
  const secrets = {
    SERVICE_ROLE_KEY: 'short-secret',
    DATABASE_URL: 'http://user:secret@db/x',
    DATABASE_ADMIN_URL: 'secret-admin',
    REDIS_URL: 'secret-redis',
  }
  const text = problemsOf({ ...secrets, PORT: 'secret-port', ENVIRONMENT: 'secret' }).join('\n')
  assert.equal(text.split('\n').length, 6)
  assert.doesNotMatch(text, /secret/)
  for (const [name, setting] of Object.entries(settings))
    assert.equal(
      'secret' in setting,
      /KEY|SECRET|HEADERS|^(DATABASE|REDIS|SMTP|ALERT).*_URL$/.test(name),
      `${name} is marked as a secret`,
    )
})

test('in staging and production the keys must be given; what is given wrongly is told once', () => {
  for (const ENVIRONMENT of ['staging', 'production']) {
    const missing = problemsOf({ ENVIRONMENT })
    assert.equal(missing.length, 3)
    for (const [index, name] of Object.keys(keys).entries())
      assert.match(
        missing[index] ?? '',
        new RegExp(`${name}: required when ENVIRONMENT is ${ENVIRONMENT}. Make one with`),
      )
    assert.deepEqual(problemsOf({ ENVIRONMENT, ...keys }), [])
    assert.deepEqual(problemsOf({ ENVIRONMENT, ...keys, SERVICE_ROLE_KEY: 'short' }), [
      '  - SERVICE_ROLE_KEY: must have at least 32 characters',
    ])
  }
})

test('settings that only work together are asked for together', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ GITHUB_ID: 'id' }, /GITHUB_SECRET: goes with GITHUB_ID/],
    [{ SUPABASE_JWT_SECRET: 's'.repeat(32) }, /SUPABASE_URL: goes with SUPABASE_JWT_SECRET/],
    [
      { SUPABASE_URL: 'https://x.supabase.co', SUPABASE_JWT_MODE: 'both' },
      /SUPABASE_JWT_SECRET: goes with SUPABASE_JWT_MODE=both/,
    ],
    [{ COOKIES_CROSS_SITE: 'true', PUBLIC_URL: 'http://x.example.com' }, /COOKIES_CROSS_SITE: needs/],
  ]
  for (const [env, message] of cases) assert.match(problemsOf(env).join('\n'), message)
})

test('other issuers are given with their audience, and their keys lie where OpenID puts them', () => {
  const { JWT_ISSUERS } = readConfig({
    JWT_ISSUERS: 'https://a.example.com/ app, https://b.example.com api https://keys.example.com/jwks',
  })
  assert.deepEqual(JWT_ISSUERS, [
    {
      issuer: 'https://a.example.com/',
      audience: 'app',
      jwksUrl: 'https://a.example.com/.well-known/jwks.json',
    },
    { issuer: 'https://b.example.com', audience: 'api', jwksUrl: 'https://keys.example.com/jwks' },
  ])
  for (const text of ['https://a.example.com', 'a app', 'https://a.example.com app x y'])
    assert.match(problemsOf({ JWT_ISSUERS: text })[0] ?? '', /JWT_ISSUERS: has the form/, text)
})

test('the public address is that of the host where our own is not set', () => {
  assert.equal(readConfig({ RAILWAY_PUBLIC_DOMAIN: 'app.example.com' }).PUBLIC_URL, 'https://app.example.com')
  assert.equal(
    readConfig({ RAILWAY_PUBLIC_DOMAIN: 'x', PUBLIC_URL: 'https://y.example.com' }).PUBLIC_URL,
    'https://y.example.com',
  )
  for (const PUBLIC_URL of ['app.example.com', 'https://a.example.com/path', 'ftp://a.example.com'])
    assert.match(problemsOf({ PUBLIC_URL })[0] ?? '', /PUBLIC_URL: is http/)
})

test('an owner of the database needs the database it owns; a broken address is told once', () => {
  const DATABASE_ADMIN_URL = 'postgresql://owner@db/x'
  assert.match(problemsOf({ DATABASE_ADMIN_URL })[0] ?? '', /DATABASE_ADMIN_URL: goes with DATABASE_URL/)
  assert.deepEqual(problemsOf({ DATABASE_ADMIN_URL, DATABASE_URL: 'db' }), [
    '  - DATABASE_URL: must begin with postgresql://',
  ])
})

test('files in S3 need both keys, which may have the names of AWS; a broken address is told without its value', () => {
  const FILES_URL = 's3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-central-1'
  assert.deepEqual(
    readConfig({ FILES_URL, AWS_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' }).FILES_URL,
    {
      bucket: 'bucket',
      prefix: 'prefix/',
      endpoint: 'http://127.0.0.1:9000',
      region: 'eu-central-1',
      pathStyle: true,
    },
  )
  assert.deepEqual(problemsOf({ FILES_URL }), [
    '  - S3_ACCESS_KEY_ID: goes with FILES_URL.',
    '  - S3_SECRET_ACCESS_KEY: goes with FILES_URL.',
  ])
  const keys = { S3_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
  assert.deepEqual(problemsOf(keys), [])
  for (const broken of [
    'hunter2',
    's3://id:hunter2@bucket',
    's3://bucket?secret=hunter2',
    's3://bucket?endpoint=hunter2',
  ]) {
    const [problem, ...more] = problemsOf({ FILES_URL: broken, ...keys })
    assert.match(problem ?? '', /^ {2}- FILES_URL: /, broken)
    assert.doesNotMatch(problem ?? '', /hunter2/)
    assert.deepEqual(more, [])
  }
})

test('the address of the storage for clients needs a storage', () => {
  const S3_PUBLIC_ENDPOINT = 'https://files.example.com/'
  const keys = { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' }
  const { S3_PUBLIC_ENDPOINT: read } = readConfig({ S3_PUBLIC_ENDPOINT, FILES_URL: 's3://bucket', ...keys })
  assert.equal(read, 'https://files.example.com')
  assert.deepEqual(problemsOf({ S3_PUBLIC_ENDPOINT }), [
    '  - S3_PUBLIC_ENDPOINT: goes with FILES_URL; files in DATA_DIR are read through this server.',
  ])
  for (const broken of ['hunter2', 's3://hunter2', 'https://id:hunter2@host', 'https://host/?hunter2']) {
    assert.deepEqual(
      problemsOf({ S3_PUBLIC_ENDPOINT: broken, FILES_URL: 's3://bucket', ...keys }),
      ['  - S3_PUBLIC_ENDPOINT: has an endpoint of the form https://host[:port][/path]'],
      broken,
    )
  }
})

test('a process has one role or both, and roles that there are not are refused', () => {
  for (const ROLES of ['', 'api', 'worker', 'api,worker', 'worker, api'])
    assert.deepEqual(problemsOf({ ROLES }), [])
  for (const ROLES of ['api,worker,web', 'api api', ','])
    assert.match(problemsOf({ ROLES })[0] ?? '', /ROLES: takes api, worker or both/, ROLES)
})

test('every setting says what it means, and its default is one that it accepts', () => {
  for (const [name, setting] of Object.entries(settings)) {
    assert.match(name, /^[A-Z][A-Z0-9_]+$/)
    assert.match(setting.meaning, /^\S.{10,}\.$/s, name)
    if (setting.default !== undefined)
      assert.ok(setting.schema.safeParse(setting.default).success, `the default of ${name}`)
  }
})
