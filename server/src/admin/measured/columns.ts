import type { AdminMetrics, ModelMetrics } from '@roundhouse/sdk/contract'
import { latencyQuantile } from '../../kit/latency.ts'
import type { ModelPoint, Point, PointTimes, Span } from './store.ts'

type Frame = Pick<AdminMetrics, 'from' | 'to' | 'step_seconds' | 'since' | 'at' | 'seconds'>
type Column = (number | null)[]

/** One entry for each point of the time, also where nothing was measured. */
export function adminColumns(
  span: Span,
  slotMs: number,
  since: Date | null,
  { points, times }: { readonly points: readonly Point[]; readonly times: readonly PointTimes[] },
): AdminMetrics {
  const { frame, column, quantiles } = columnsOf(span, slotMs, since, points, times)
  const [latency_p50_ms, latency_p95_ms, latency_p99_ms] = quantiles
  return {
    ...frame,
    series: {
      requests: column(point => point.requests),
      client_errors: column(point => point.client_errors),
      server_errors: column(point => point.server_errors),
      latency_p50_ms,
      latency_p95_ms,
      latency_p99_ms,
      predictions: column(point => point.predictions),
      failed_predictions: column(point => point.failed_predictions),
      cache_hits: column(point => point.cache_hits),
      cache_misses: column(point => point.cache_misses),
      runs: column(point => point.runs),
      failed_runs: column(point => point.failed_runs),
      jobs: column(point => point.jobs),
      failed_jobs: column(point => point.failed_jobs),
      runs_active: column(point => point.runs_active),
      queue_waiting: column(point => point.queue_waiting),
      queue_oldest_seconds: column(point => point.queue_oldest_seconds),
      event_loop_p99_ms: column(point => point.event_loop_p99_ms),
      memory_bytes: column(point => point.memory_bytes),
      pool_used: column(point => point.pool_used),
      pool_waiting: column(point => point.pool_waiting),
      models_loaded: column(point => point.models_loaded),
      database_bytes: column(point => point.database_bytes),
      processes: column(point => point.processes),
    },
  }
}

/** Where the server measured and nobody called, it is known that there were none: 0, and no times. */
export function modelColumns(
  modelId: string,
  span: Span,
  slotMs: number,
  since: Date | null,
  measured: { readonly points: readonly ModelPoint[]; readonly times: readonly PointTimes[] },
): ModelMetrics {
  const { frame, column, quantiles } = columnsOf(span, slotMs, since, measured.points, measured.times)
  const [time_p50_ms, time_p95_ms, time_p99_ms] = quantiles
  const begin = since?.getTime() ?? Number.POSITIVE_INFINITY
  // The slot that is under way is not written yet.
  const written = Math.floor(span.to.getTime() / slotMs) * slotMs
  const seconds = frame.at.map(at => {
    const [first, end] = [Date.parse(at), Math.min(Date.parse(at) + span.pointMs, written)]
    return Math.max(0, end - Math.max(first, begin)) / 1000
  })
  const counts = (values: Column) => values.map((value, i) => value ?? ((seconds[i] ?? 0) > 0 ? 0 : null))
  return {
    model_id: modelId,
    ...frame,
    seconds,
    series: {
      calls: counts(column(point => point.calls)),
      errors: counts(column(point => point.errors)),
      cache_hits: counts(column(point => point.cache_hits)),
      time_p50_ms,
      time_p95_ms,
      time_p99_ms,
    },
  }
}

function columnsOf<Of extends { readonly at: number; readonly slots: number }>(
  { from, to, pointMs }: Span,
  slotMs: number,
  since: Date | null,
  points: readonly Of[],
  times: readonly PointTimes[],
): {
  frame: Frame
  column: (value: (point: Of) => number | null) => Column
  quantiles: [Column, Column, Column]
} {
  const first = Math.floor(from.getTime() / pointMs) * pointMs
  const at: number[] = []
  for (let time = first; time < to.getTime(); time += pointMs) at.push(time)
  const byTime = new Map(points.map(point => [point.at, point]))
  const timesOf = new Map(
    times.map(point => [
      point.at,
      point.bucket.map((bucket, index) => ({ bucket, count: point.count[index] ?? 0 })),
    ]),
  )
  const quantile = (share: number): Column => at.map(time => latencyQuantile(timesOf.get(time) ?? [], share))
  return {
    frame: {
      from: from.toISOString(),
      to: to.toISOString(),
      step_seconds: pointMs / 1000,
      since: since?.toISOString() ?? null,
      at: at.map(time => new Date(time).toISOString()),
      seconds: at.map(time => ((byTime.get(time)?.slots ?? 0) * slotMs) / 1000),
    },
    column: value =>
      at.map(time => {
        const point = byTime.get(time)
        return point ? value(point) : null
      }),
    quantiles: [quantile(0.5), quantile(0.95), quantile(0.99)],
  }
}
