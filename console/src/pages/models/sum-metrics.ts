import type { ModelMetrics } from '@roundhouse/sdk'

/** Of a whole span. Times are null where no call was computed. */
export type MetricSum = {
  calls: number
  errors: number
  cacheHits: number
  p50Ms: number | null
  p95Ms: number | null
}

/** Counts are added up; a percentile is that of the point with most computed calls, exact when there is one such point. */
export function sumMetrics({ series }: Pick<ModelMetrics, 'series'>): MetricSum {
  const total = (values: readonly (number | null)[]) =>
    values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
  let busiest = -1
  let most = 0
  series.calls.forEach((calls, at) => {
    const computed = (calls ?? 0) - (series.cache_hits[at] ?? 0)
    if (series.time_p50_ms[at] == null || computed < most) return
    busiest = at
    most = computed
  })
  return {
    calls: total(series.calls),
    errors: total(series.errors),
    cacheHits: total(series.cache_hits),
    p50Ms: series.time_p50_ms[busiest] ?? null,
    p95Ms: series.time_p95_ms[busiest] ?? null,
  }
}
