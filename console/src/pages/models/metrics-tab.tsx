import type { ModelMetrics } from '@roundhouse/sdk'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { useApi } from '../../app/use-api.ts'
import { AsTableSwitch } from '../../ui/as-table-switch.tsx'
import { buttonLook } from '../../ui/button.tsx'
import { ChartCard } from '../../ui/chart-card.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { count, duration, percent, perMinute } from '../../ui/format.ts'
import { rate, share, total } from '../../ui/measured.ts'
import { Empty, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SinceNotice } from '../../ui/since-notice.tsx'
import { readWindow, refreshMs, timesOf, type WindowSearch } from '../../ui/time-window.ts'
import { TimeWindowPicker } from '../../ui/time-window-picker.tsx'

const route = getRouteApi('/app/models/$id/metrics')
const points = 240

/** How a version was called by everyone, over time. */
export function MetricsTab(): ReactElement {
  const { id } = route.useParams()
  const { as, ...time } = route.useSearch()
  const navigate = useNavigate({ from: '/models/$id/metrics' })
  const window = readWindow(time)
  const asTable = as === 'table'
  const show = (chosen: WindowSearch, table = asTable) =>
    void navigate({ search: { ...chosen, ...(table && { as: 'table' as const }) } })
  const metrics = useApi(
    ['metrics', 'model', id, window],
    (client, options) => client.models.metrics(id, { ...timesOf(window, Date.now()), points, ...options }),
    { refetchInterval: refreshMs(window), keepPrevious: true },
  )
  const { data, error } = metrics
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-end gap-2">
        <CopyAsCurl call={metrics.call} />
        <AsTableSwitch asTable={asTable} onChange={table => show(time, table)} />
        <TimeWindowPicker window={window} onChange={chosen => show(chosen)} />
      </div>
      {error ? (
        <ProblemNotice error={error} retry={() => void metrics.refetch()} />
      ) : !data ? (
        <Waiting what="what was measured of this model" />
      ) : total(data.series.calls) === 0 ? (
        <Empty
          title="No calls in this time"
          actions={
            <Link to="/models/$id" params={{ id }} className={buttonLook('primary')}>
              Open the playground
            </Link>
          }
        >
          Calls, errors, cache hits and the time in the model are shown here, of everyone and every API, a few
          seconds after they were made. Choose a longer time above, or call the model.
        </Empty>
      ) : (
        <Measured
          metrics={data}
          asTable={asTable}
          onRange={(from, to) => show({ from: Math.floor(from), to: Math.ceil(to) })}
        />
      )}
    </>
  )
}

function Measured({
  metrics,
  asTable,
  onRange,
}: {
  metrics: ModelMetrics
  asTable: boolean
  onRange: (from: number, to: number) => void
}): ReactElement {
  const { series, seconds, since, from } = metrics
  const at = useMemo(() => metrics.at.map(time => Date.parse(time)), [metrics])
  const [calls, errors, hits] = [total(series.calls), total(series.errors), total(series.cache_hits)]
  const worst = Math.max(...series.time_p99_ms.map(value => value ?? 0))
  const shared = { at, asTable, group: 'model', onRange }
  return (
    <>
      <SinceNotice since={since} from={from} step={metrics.step_seconds} />
      <Stats>
        <Stat label="Calls" value={count(calls)} hint="in this time" />
        <Stat label="Failed" value={count(errors)} hint={`${percent(errors / calls)} of calls`} />
        <Stat label="From the cache" value={percent(hits / calls)} hint={`${count(hits)} calls`} />
        <Stat label="Slowest p99" value={worst === 0 ? '–' : duration(worst)} hint="time in the model" />
      </Stats>
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
        <ChartCard
          title="Calls"
          series={[{ label: 'Calls', values: rate(series.calls, seconds) }]}
          format={value => `${count(value)}/s`}
          look="area"
          {...shared}
        />
        <ChartCard
          title="Time in the model"
          about="Of calls that were computed."
          series={[
            { label: 'p50', values: series.time_p50_ms },
            { label: 'p95', values: series.time_p95_ms },
            { label: 'p99', values: series.time_p99_ms },
          ]}
          format={duration}
          {...shared}
        />
        <ChartCard
          title="Cache hit rate"
          series={[{ label: 'Hits', values: share(series.cache_hits, series.calls) }]}
          format={percent}
          look="area"
          {...shared}
        />
        <ChartCard
          title="Failed calls"
          series={[{ label: 'Failed', values: rate(series.errors, seconds, 60) }]}
          format={perMinute}
          {...shared}
        />
      </div>
    </>
  )
}
