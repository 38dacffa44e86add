import type { AdminOverview } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { count, counted, duration, percent, perMinute } from '../../ui/format.ts'
import { rate, share, type Values } from '../../ui/measured.ts'
import { NumberCard } from './number-card.tsx'

const known = (value: number | null, format: (value: number) => string) =>
  value === null ? '–' : format(value)

/** What is looked at every morning: of the last quarter of an hour, with the course of the last hour. */
export function HouseNumbers({ overview }: { overview: AdminOverview }): ReactElement {
  const metrics = useApi(
    ['metrics', 'overview'],
    (client, options) => client.admin.metrics({ points: 60, ...options }),
    { refetchInterval: 60_000, keepPrevious: true },
  )
  const { series, seconds = [] } = metrics.data ?? {}
  // Of a server that was started in this hour: from its start on.
  const start = Math.max(
    0,
    seconds.findIndex(measured => measured > 0),
  )
  const course = (values: Values | undefined) => values?.slice(start)
  const last = `last ${overview.window_seconds / 60} min`
  const metricsPage = { to: '/metrics-view' } as const
  return (
    <dl aria-label="Numbers" className="mb-4 grid grid-cols-2 gap-3 md:grid-cols-4 min-[120rem]:grid-cols-8">
      <NumberCard
        label="Requests"
        value={known(overview.requests_per_minute, perMinute)}
        hint={last}
        course={course(series && rate(series.requests, seconds))}
        link={metricsPage}
      />
      <NumberCard
        label="Latency p95"
        value={known(overview.latency_p95_ms, duration)}
        hint={overview.latency_p50_ms === null ? last : `p50 ${duration(overview.latency_p50_ms)}, ${last}`}
        course={course(series?.latency_p95_ms)}
        link={metricsPage}
      />
      <NumberCard
        label="Error rate"
        value={known(overview.error_rate, percent)}
        hint={`5xx, ${last}`}
        course={course(series && share(series.server_errors, series.requests))}
        link={{ to: '/logs', search: { q: 'status:5xx' } }}
      />
      <NumberCard
        label="Predictions"
        value={known(overview.predictions_per_minute, perMinute)}
        hint={last}
        course={course(series && rate(series.predictions, seconds))}
        link={{ to: '/models' }}
      />
      <NumberCard
        label="Cache hit rate"
        value={known(overview.cache_hit_rate, percent)}
        hint={`of predictions, ${last}`}
        course={course(series && share(series.cache_hits, series.cache_hits, series.cache_misses))}
        link={metricsPage}
      />
      <NumberCard
        label="Queue"
        value={known(overview.queue_waiting, value => `${count(value)} waiting`)}
        hint={
          (overview.queue_oldest_seconds ?? 0) >= 1
            ? `the oldest for ${duration((overview.queue_oldest_seconds ?? 0) * 1000)}`
            : 'nothing is late'
        }
        course={course(series?.queue_waiting)}
        link={{ to: '/jobs', search: { status: 'queued' } }}
      />
      <NumberCard
        label="Runs under way"
        value={known(overview.runs_active, count)}
        hint={known(overview.processes, value => `in ${counted(value, 'process', 'processes')}`)}
        course={course(series?.runs_active)}
        link={{ to: '/runs' }}
      />
      <NumberCard
        label="Credits today"
        value={known(overview.credits_today, count)}
        hint="spent since midnight UTC"
        link={{ to: '/users/usage' }}
      />
    </dl>
  )
}
