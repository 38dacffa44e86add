import type { AdminMetrics } from '@roundhouse/sdk'
import type { Series } from '../../ui/chart.tsx'
import { bytes, count, duration, percent, perMinute } from '../../ui/format.ts'
import { rate, share } from '../../ui/measured.ts'

export type MetricChart = {
  title: string
  about?: string
  series: Series[]
  format: (value: number) => string
  look?: 'line' | 'area' | 'bars'
  binary?: boolean
}
export type ChartGroup = { title: string; about: string; charts: MetricChart[] }

const perSecond = (value: number) => `${count(value)}/s`
const minute = 60

/** What is looked at, from the door inwards. */
export function chartGroups({ series, seconds }: AdminMetrics): ChartGroup[] {
  const every = (values: (number | null)[]) => rate(values, seconds, minute)
  return [
    {
      title: 'Traffic',
      about: 'Answers of all processes to whoever asked.',
      charts: [
        {
          title: 'Requests',
          series: [{ label: 'Requests', values: rate(series.requests, seconds) }],
          format: perSecond,
          look: 'area',
        },
        {
          title: 'Latency',
          about: 'Streams do not count.',
          series: [
            { label: 'p50', values: series.latency_p50_ms },
            { label: 'p95', values: series.latency_p95_ms },
            { label: 'p99', values: series.latency_p99_ms },
          ],
          format: duration,
        },
        {
          title: 'Error rate',
          about: 'The share of answers with 5xx.',
          series: [{ label: '5xx', values: share(series.server_errors, series.requests) }],
          format: percent,
          look: 'area',
        },
        {
          title: 'Errors',
          series: [
            { label: '5xx', values: every(series.server_errors) },
            { label: '4xx', values: every(series.client_errors) },
          ],
          format: perMinute,
        },
      ],
    },
    {
      title: 'Models',
      about: 'Predictions by every API, also those that the history leaves out.',
      charts: [
        {
          title: 'Predictions',
          series: [
            { label: 'Predictions', values: rate(series.predictions, seconds) },
            { label: 'Failed', values: rate(series.failed_predictions, seconds) },
          ],
          format: perSecond,
          look: 'area',
        },
        {
          title: 'Cache hit rate',
          about: 'Of look-ups in the prediction cache.',
          series: [
            { label: 'Hits', values: share(series.cache_hits, series.cache_hits, series.cache_misses) },
          ],
          format: percent,
          look: 'area',
        },
      ],
    },
    {
      title: 'Work',
      about: 'Runs of agents and jobs.',
      charts: [
        {
          title: 'Runs that ended',
          series: [
            { label: 'Ended', values: every(series.runs) },
            { label: 'Failed', values: every(series.failed_runs) },
          ],
          format: perMinute,
        },
        {
          title: 'Runs under way',
          series: [{ label: 'Under way', values: series.runs_active }],
          format: count,
          look: 'area',
        },
        {
          title: 'Jobs that ended',
          series: [
            { label: 'Ended', values: every(series.jobs) },
            { label: 'Failed', values: every(series.failed_jobs) },
          ],
          format: perMinute,
        },
        {
          title: 'Queue',
          about: 'Jobs that wait.',
          series: [{ label: 'Waiting', values: series.queue_waiting }],
          format: count,
          look: 'area',
        },
        {
          title: 'Longest wait',
          about: 'Of a job that could have begun.',
          series: [
            {
              label: 'Longest wait',
              values: series.queue_oldest_seconds.map(value => (value === null ? null : value * 1000)),
            },
          ],
          format: duration,
        },
      ],
    },
    {
      title: 'Processes and database',
      about: 'The highest that was seen in each point.',
      charts: [
        {
          title: 'Memory',
          about: 'Of all processes.',
          series: [{ label: 'Memory', values: series.memory_bytes }],
          format: bytes,
          binary: true,
          look: 'area',
        },
        {
          title: 'Event loop delay',
          about: 'p99 of the process that was held up most.',
          series: [{ label: 'p99', values: series.event_loop_p99_ms }],
          format: duration,
        },
        {
          title: 'Database connections',
          series: [
            { label: 'In use', values: series.pool_used },
            { label: 'Queries that wait', values: series.pool_waiting },
          ],
          format: count,
        },
        {
          title: 'Database size',
          series: [{ label: 'Size', values: series.database_bytes }],
          format: bytes,
          binary: true,
          look: 'area',
        },
        {
          title: 'Models in memory',
          about: 'In the process that has most.',
          series: [{ label: 'Models', values: series.models_loaded }],
          format: count,
        },
        {
          title: 'Processes',
          series: [{ label: 'Processes', values: series.processes }],
          format: count,
        },
      ],
    },
  ]
}
