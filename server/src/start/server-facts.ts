import { hostname } from 'node:os'
import type { OwnFacts } from '../admin/server/server.ts'
import type { Cache } from '../ports/cache.ts'
import { isDeployed } from './config.ts'
import { type Config, type Setting, type SettingName, settings } from './settings.ts'

/** What users notice of the configuration. */
const limits = [
  'MAX_MODEL_SIZE_BYTES',
  'MAX_FILE_SIZE_BYTES',
  'MAX_PREDICT_BODY_BYTES',
  'PREDICT_TIMEOUT_MS',
  'RUN_CONCURRENCY',
  'PREDICTION_RETENTION_DAYS',
  'JOB_RETENTION_DAYS',
  'THREAD_RETENTION_DAYS',
  'METRICS_RETENTION_DAYS',
] as const satisfies readonly SettingName[]

/** What this process knows of itself from its start, without secrets. */
export function serverFacts(
  config: Config,
  known: {
    readonly version: string
    readonly publicUrl: string
    readonly startedAt: number
    readonly cache: Pick<Cache, 'health'>
  },
): OwnFacts {
  return {
    version: known.version,
    environment: config.ENVIRONMENT,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    host: hostname(),
    roles: config.ROLES,
    public_url: known.publicUrl,
    started_at: new Date(known.startedAt).toISOString(),
    adapters: adapters(config, known.cache),
    limits: limits.map(name => ({ name, value: config[name], meaning: settings[name].meaning })),
    settings: Object.entries<Setting>(settings).map(([name, setting]) =>
      shown(name, setting, (config as Record<string, unknown>)[name]),
    ),
  }
}

function adapters(config: Config, cache: Pick<Cache, 'health'>): OwnFacts['adapters'] {
  const { DATABASE_URL, REDIS_URL, FILES_URL, OTEL_EXPORTER_OTLP_ENDPOINT: collector, SMTP_URL } = config
  const shared = REDIS_URL === undefined ? 'of each process' : placeOf(REDIS_URL)
  return [
    DATABASE_URL === undefined
      ? { name: 'Database', kind: 'embedded PostgreSQL', detail: `${config.DATA_DIR}/postgres` }
      : { name: 'Database', kind: 'PostgreSQL', detail: placeOf(DATABASE_URL) },
    FILES_URL === undefined
      ? { name: 'Files', kind: 'folder', detail: `${config.DATA_DIR}/files` }
      : { name: 'Files', kind: 'S3', detail: `${FILES_URL.bucket} at ${placeOf(FILES_URL.endpoint)}` },
    { name: 'Cache', kind: cache.health().kind, detail: shared },
    { name: 'Limits', kind: REDIS_URL === undefined ? 'memory' : 'redis', detail: shared },
    { name: 'Queue', kind: 'pg-boss', detail: 'in the database' },
    { name: 'Messages', kind: 'PostgreSQL NOTIFY', detail: 'in the database' },
    { name: 'Models', kind: 'onnxruntime', detail: null },
    { name: 'Mail', kind: SMTP_URL === undefined ? 'none' : 'SMTP', detail: SMTP_URL?.host ?? null },
    {
      name: 'Traces',
      kind: collector === undefined ? 'none' : 'OpenTelemetry',
      detail: collector === undefined ? null : placeOf(collector),
    },
    {
      name: 'Keys',
      kind: isDeployed(config) ? 'from the environment' : 'from the environment or DATA_DIR',
      detail: null,
    },
  ]
}

/** Host, port and name, without user, password and parameters. Null for a socket, whose path is a parameter. */
function placeOf(url: string): string | null {
  if (!URL.canParse(url)) return null
  const { host, pathname } = new URL(url)
  return `${host}${pathname === '/' ? '' : pathname}`
}

function shown(name: string, { schema, default: usual, meaning, secret }: Setting, value: unknown) {
  const text = secret === true || value === undefined ? null : textOf(value)
  const usualText = usual === undefined ? null : textOf(schema.parse(usual))
  return {
    name,
    value: text,
    is_set: value !== undefined,
    is_default: value === undefined || (secret !== true && text === usualText),
    is_secret: secret === true,
    meaning,
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, part]) => `${name}=${textOf(part)}`)
    .join(' ')
}
