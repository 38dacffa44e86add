import { z } from 'zod'

const count = z.int().min(0)
const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'is a day, 2026-11-21, or a time, 2026-11-21T08:00:00Z',
})

/**
 * Query of `GET /api/v1/admin/metrics` and `GET /api/v1/models/{id}/metrics`. `from` is included, `to` is not; without `to` up to now,
 * without `from` the hour before `to`. `points` is about how many there are.
 */
export const readMetrics = z.object({
  from: moment.optional(),
  to: moment.optional(),
  points: z.coerce.number().int().min(1).max(1000).default(240),
})

/** One value for each entry of `at`; null where nothing was measured, and for times where nothing was timed. */
const series = z.array(z.number().min(0).nullable())

/**
 * Columns: `at[i]` is when a point begins, `seconds[i]` how much of it was measured (0: nothing), and each series has a value for it.
 * All processes together. Counts are of the point: by `seconds` they are rates. Gauges are the highest that was seen.
 * `since` is the oldest that is kept; null when nothing was measured yet.
 */
const columns = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  step_seconds: z.number().min(0),
  since: z.iso.datetime().nullable(),
  at: z.array(z.iso.datetime()),
  seconds: z.array(z.number().min(0)),
})

/** Reply of `GET /api/v1/admin/metrics`. */
export const adminMetrics = columns.extend({
  series: z.object({
    requests: series,
    /** Answers with 4xx, and with 5xx. */
    client_errors: series,
    server_errors: series,
    /** Of answers that are no streams, within 5 %. */
    latency_p50_ms: series,
    latency_p95_ms: series,
    latency_p99_ms: series,
    predictions: series,
    failed_predictions: series,
    cache_hits: series,
    cache_misses: series,
    /** That ended, and those of them that failed. */
    runs: series,
    failed_runs: series,
    jobs: series,
    failed_jobs: series,
    /** Queued or under way. */
    runs_active: series,
    queue_waiting: series,
    /** How long the oldest job has waited that could have begun. */
    queue_oldest_seconds: series,
    /** Of the process that was held up most. */
    event_loop_p99_ms: series,
    memory_bytes: series,
    pool_used: series,
    /** Queries that waited for a connection. */
    pool_waiting: series,
    /** In the process that has most. */
    models_loaded: series,
    database_bytes: series,
    processes: series,
  }),
})

/** Reply of `GET /api/v1/models/{id}/metrics`: calls of everyone. `time_*` is the time in the model of calls that were computed. */
export const modelMetrics = columns.extend({
  model_id: z.uuid(),
  series: z.object({
    calls: series,
    errors: series,
    cache_hits: series,
    time_p50_ms: series,
    time_p95_ms: series,
    time_p99_ms: series,
  }),
})

const partName = z.enum(['api', 'database', 'queue', 'cache', 'storage'])

/** A part of the server. `since` is when this process first saw it so; `reason` says why, where there is something to say. */
export const serverPart = z.object({
  name: partName,
  state: z.enum(['healthy', 'degraded', 'unavailable']),
  since: z.iso.datetime(),
  reason: z.string().nullable(),
})

/** Something that went wrong. `id` is that of the job, run or model. */
export const recentFailure = z.object({
  kind: z.enum(['job', 'run', 'model']),
  id: z.uuid(),
  /** The kind of the job, the name of the agent, name and version of the model. */
  name: z.string(),
  reason: z.string(),
  /** Null for a model that does not load: it is so now. */
  at: z.iso.datetime().nullable(),
  request_id: z.string().nullable(),
})

/**
 * Reply of `GET /api/v1/admin/overview`: how things stand, also while the database is away: then what it knows is null. Rates and times are of the last
 * `window_seconds`, and null when nothing was measured in them.
 */
export const adminOverview = z.object({
  at: z.iso.datetime(),
  /** When this process started. */
  started_at: z.iso.datetime(),
  version: z.string(),
  environment: z.string(),
  parts: z.array(serverPart),
  window_seconds: count,
  requests_per_minute: z.number().min(0).nullable(),
  latency_p50_ms: z.number().nullable(),
  latency_p95_ms: z.number().nullable(),
  latency_p99_ms: z.number().nullable(),
  /** Shares, 0 to 1. */
  error_rate: z.number().min(0).max(1).nullable(),
  cache_hit_rate: z.number().min(0).max(1).nullable(),
  predictions_per_minute: z.number().min(0).nullable(),
  queue_waiting: count.nullable(),
  queue_oldest_seconds: z.number().min(0).nullable(),
  runs_active: count.nullable(),
  processes: count.nullable(),
  models: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      version: z.string(),
      state: z.enum(['ready', 'loading', 'failed', 'unloaded']),
      load_ms: z.number().min(0).nullable(),
    }),
  ),
  /** The last ten of a day, and the models that do not load. */
  failures: z.array(recentFailure),
  /** By everyone, since midnight UTC. */
  credits_today: z.int().nullable(),
})

/** Reply of `GET /api/v1/admin/server`: what runs here. */
export const adminServer = z.object({
  version: z.string(),
  environment: z.string(),
  /** `24.1.0`. */
  node: z.string(),
  platform: z.string(),
  host: z.string(),
  roles: z.array(z.string()),
  public_url: z.string(),
  started_at: z.iso.datetime(),
  /** What stands behind each port, without secrets. */
  adapters: z.array(z.object({ name: z.string(), kind: z.string(), detail: z.string().nullable() })),
  /** In bytes, seconds or calls, as its name says. */
  limits: z.array(z.object({ name: z.string(), value: z.number(), meaning: z.string() })),
  /**
   * From the environment: read at the start, so a change needs a restart. `value` is null where it is not set, and of secrets
   * always.
   */
  settings: z.array(
    z.object({
      name: z.string(),
      value: z.string().nullable(),
      is_set: z.boolean(),
      is_default: z.boolean(),
      is_secret: z.boolean(),
      meaning: z.string(),
    }),
  ),
  database: z.object({ version: z.string(), bytes: count, max_connections: count }),
  migrations: z.array(z.object({ name: z.string(), applied_at: z.iso.datetime().nullable() })),
  /** The largest twenty; rows as the database estimates them, null when it has not counted yet. */
  tables: z.array(z.object({ name: z.string(), bytes: count, rows: count.nullable() })),
})

export type ReadMetrics = z.infer<typeof readMetrics>
export type AdminMetrics = z.infer<typeof adminMetrics>
export type ModelMetrics = z.infer<typeof modelMetrics>
export type ServerPart = z.infer<typeof serverPart>
export type RecentFailure = z.infer<typeof recentFailure>
export type AdminOverview = z.infer<typeof adminOverview>
export type AdminServer = z.infer<typeof adminServer>
