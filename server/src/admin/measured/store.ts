import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'
import type { ModelSample, Sample } from './sample.ts'

/** Samples of one process, as they are written. */
export type SampleRow =
  | { readonly tag: 'process'; readonly process: string; readonly sample: Sample }
  | { readonly tag: 'model'; readonly process: string; readonly sample: ModelSample }

/** What is read: the part of the time, and how long a point is. Points begin at multiples of it. */
export type Span = {
  readonly from: Date
  readonly to: Date
  readonly pointMs: number
  readonly isCoarse: boolean
}

/** Times of one point, of all processes together. */
export type PointTimes = { readonly at: number; readonly bucket: number[]; readonly count: number[] }

const summed = [
  'requests',
  'client_errors',
  'server_errors',
  'predictions',
  'failed_predictions',
  'cache_hits',
  'cache_misses',
  'runs',
  'failed_runs',
  'jobs',
  'failed_jobs',
] as const
/** Of each process the highest; of the processes together the sum. */
const summedPeaks = ['memory_bytes', 'pool_used', 'pool_waiting'] as const
/** All processes see the same, or the worst of them counts. */
const peaks = [
  'runs_active',
  'queue_waiting',
  'queue_oldest_seconds',
  'event_loop_p99_ms',
  'models_loaded',
  'database_bytes',
] as const

export type PointName = (typeof summed)[number] | (typeof summedPeaks)[number] | (typeof peaks)[number]
/** `slots` is how many different slots were measured, `at` milliseconds since the epoch. */
export type Point = { readonly at: number; readonly slots: number; readonly processes: number } & Readonly<
  Record<PointName, number | null>
>
export type ModelPoint = {
  readonly at: number
  readonly slots: number
  readonly calls: number
  readonly errors: number
  readonly cache_hits: number
}

/** SQL of what was measured. Row-level security decides who reads it. */
export function createMeasuredStore(db: QueryExecutorProvider) {
  return {
    /** Rows that are there already are left alone, so that they may be sent twice. */
    async insert(rows: readonly SampleRow[]): Promise<void> {
      const samples = rows.flatMap(row => (row.tag === 'process' ? [processRow(row)] : []))
      const models = rows.flatMap(row => (row.tag === 'model' ? [modelRow(row)] : []))
      if (samples.length > 0)
        await sql`insert into metric_samples
          select (json_populate_recordset(null::metric_samples, ${JSON.stringify(samples)}::json)).*
          on conflict do nothing`.execute(db)
      if (models.length > 0)
        await sql`insert into model_samples
          select (json_populate_recordset(null::model_samples, ${JSON.stringify(models)}::json)).*
          on conflict do nothing`.execute(db)
    },

    async points(span: Span): Promise<Point[]> {
      const { rows } = await sql<Record<keyof Point, string | null>>`
        select at, count(distinct process) as processes, max(slots) as slots,
          ${columns([...summed, ...summedPeaks], 'sum')}, ${columns(peaks, 'max')}
        from (
          select ${pointOf(span)} as at, process, count(*) as slots,
            ${columns(summed, 'sum')}, ${columns([...summedPeaks, ...peaks], 'max')}
          from metric_samples where ${within(span)} group by 1, 2
        ) as of_process group by at order by at`.execute(db)
      return rows.map(row => numbers(row) as Point)
    },

    times: (span: Span): Promise<PointTimes[]> =>
      readTimes(
        db,
        sql`select ${pointOf(span)} as at, unnest(latency_buckets) as bucket, unnest(latency_counts) as count
          from metric_samples where ${within(span)}`,
      ),

    async modelPoints(modelId: string, span: Span): Promise<ModelPoint[]> {
      const { rows } = await sql<Record<keyof ModelPoint, string>>`
        select ${pointOf(span)} as at, count(distinct at) as slots, sum(calls) as calls, sum(errors) as errors,
          sum(cache_hits) as cache_hits
        from model_samples where model_id = ${modelId} and ${within(span)} group by 1 order by 1`.execute(db)
      return rows.map(row => numbers(row) as ModelPoint)
    },

    modelTimes: (modelId: string, span: Span): Promise<PointTimes[]> =>
      readTimes(
        db,
        sql`select ${pointOf(span)} as at, unnest(time_buckets) as bucket, unnest(time_counts) as count
          from model_samples where model_id = ${modelId} and ${within(span)}`,
      ),

    /** Begin of the oldest slot there is; null when nothing was measured yet. */
    async since(): Promise<Date | null> {
      const { rows } = await sql<{ at: Date | null }>`
        select least(
          (select min(at) from metric_samples where is_coarse),
          (select min(at) from metric_samples where not is_coarse)) as at`.execute(db)
      return rows[0]?.at ?? null
    },

    /** Removes up to `limit` slots that are older, of each table; whether there may be more. */
    async removeOlderThan(time: Date, isCoarse: boolean, limit: number): Promise<boolean> {
      const remove = async (table: 'metric_samples' | 'model_samples') => {
        const { numAffectedRows } = await sql`
          delete from ${sql.table(table)} where ctid = any (array(
            select ctid from ${sql.table(table)} where at < ${time} and is_coarse = ${isCoarse} limit ${limit}))`.execute(
          db,
        )
        return Number(numAffectedRows ?? 0) === limit
      }
      const [samples, models] = [await remove('metric_samples'), await remove('model_samples')]
      return samples || models
    },

    /**
     * How things stand in the database. The wait is that of the oldest job that could begin, to be found without
     * counting what may be a million.
     */
    async standing(): Promise<{ runsActive: number; oldestSeconds: number }> {
      const { rows } = await sql<{ runs: string; oldest: number | null }>`
        select (select count(*) from runs where status in ('queued', 'running')) as runs,
          (select extract(epoch from now() - run_at)::real from jobs
            where status = 'queued' and run_at <= now() order by id limit 1) as oldest`.execute(db)
      return { runsActive: Number(rows[0]?.runs ?? 0), oldestSeconds: rows[0]?.oldest ?? 0 }
    },

    async databaseBytes(): Promise<number> {
      const { rows } = await sql<{ bytes: string }>`
        select pg_database_size(current_database()) as bytes`.execute(db)
      return Number(rows[0]?.bytes ?? 0)
    },
  }
}

async function readTimes(db: QueryExecutorProvider, times: RawBuilder<unknown>): Promise<PointTimes[]> {
  const { rows } = await sql<{ at: string; bucket: number[]; count: number[] }>`
    select at, array_agg(bucket) as bucket, array_agg(count) as count from (
      select at, bucket::integer, sum(count)::integer as count from (${times}) as counted group by 1, 2
    ) as added group by at order by at`.execute(db)
  return rows.map(row => ({ ...row, at: Number(row.at) }))
}

/** Milliseconds since the epoch of the point a slot belongs to. */
function pointOf({ pointMs }: Span): RawBuilder<unknown> {
  return sql`(floor(extract(epoch from at) * 1000 / ${sql.lit(pointMs)}) * ${sql.lit(pointMs)})::bigint`
}

function within({ from, to, isCoarse }: Span): RawBuilder<unknown> {
  return sql`is_coarse = ${isCoarse} and at >= ${from} and at < ${to}`
}

function columns(names: readonly PointName[], fold: 'sum' | 'max'): RawBuilder<unknown> {
  return sql.join(names.map(name => sql`${sql.raw(fold)}(${sql.ref(name)}) as ${sql.ref(name)}`))
}

/** Sums come as text. */
function numbers(row: Record<string, string | null>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === null ? null : Number(value)]),
  )
}

function processRow({ process, sample }: Extract<SampleRow, { tag: 'process' }>): Record<string, unknown> {
  return {
    at: sample.at,
    is_coarse: sample.isCoarse,
    process,
    requests: sample.requests,
    client_errors: sample.clientErrors,
    server_errors: sample.serverErrors,
    latency_buckets: sample.latency.buckets,
    latency_counts: sample.latency.counts,
    predictions: sample.predictions,
    failed_predictions: sample.failedPredictions,
    cache_hits: sample.cacheHits,
    cache_misses: sample.cacheMisses,
    runs: sample.runs,
    failed_runs: sample.failedRuns,
    jobs: sample.jobs,
    failed_jobs: sample.failedJobs,
    runs_active: sample.runsActive,
    queue_waiting: sample.queueWaiting,
    queue_oldest_seconds: sample.queueOldestSeconds,
    event_loop_p99_ms: sample.eventLoopP99Ms,
    memory_bytes: sample.memoryBytes,
    pool_used: sample.poolUsed,
    pool_waiting: sample.poolWaiting,
    models_loaded: sample.modelsLoaded,
    database_bytes: sample.databaseBytes,
  }
}

function modelRow({ process, sample }: Extract<SampleRow, { tag: 'model' }>): Record<string, unknown> {
  return {
    model_id: sample.modelId,
    at: sample.at,
    is_coarse: sample.isCoarse,
    process,
    calls: sample.calls,
    errors: sample.errors,
    cache_hits: sample.cacheHits,
    time_buckets: sample.times.buckets,
    time_counts: sample.times.counts,
  }
}
