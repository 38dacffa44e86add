import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Activity } from 'lucide-react'
import { type ReactElement, useMemo } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { AsTableSwitch } from '../../ui/as-table-switch.tsx'
import { buttonLook } from '../../ui/button.tsx'
import { ChartCard } from '../../ui/chart-card.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SinceNotice } from '../../ui/since-notice.tsx'
import { readWindow, refreshMs, timesOf, type WindowSearch } from '../../ui/time-window.ts'
import { TimeWindowPicker } from '../../ui/time-window-picker.tsx'
import { chartGroups } from './charts.ts'

const route = getRouteApi('/app/metrics-view')
const points = 240

/** What all processes measured over time. */
export function MetricsPage(): ReactElement {
  const isAdmin = useIsAdmin()
  const { as, ...time } = route.useSearch()
  const navigate = useNavigate({ from: '/metrics-view' })
  const window = readWindow(time)
  const asTable = as === 'table'
  const show = (chosen: WindowSearch, table = asTable) =>
    void navigate({ search: { ...chosen, ...(table && { as: 'table' as const }) } })
  const metrics = useApi(
    ['metrics', window],
    (client, options) => client.admin.metrics({ ...timesOf(window, Date.now()), points, ...options }),
    { enabled: isAdmin, refetchInterval: refreshMs(window), keepPrevious: true },
  )
  const { data, error } = metrics
  const groups = useMemo(() => (data ? chartGroups(data) : []), [data])
  const at = useMemo(() => data?.at.map(time => Date.parse(time)) ?? [], [data])
  const onRange = (from: number, to: number) => show({ from: Math.floor(from), to: Math.ceil(to) })

  return (
    <Page
      title="Metrics"
      about="What all processes measured, in your time zone. Drag over a chart to look closer."
      actions={
        isAdmin && (
          <>
            <a href="/metrics" target="_blank" rel="noreferrer" className={buttonLook('quiet', 'small')}>
              <Activity aria-hidden="true" className="size-3.5" />
              Prometheus endpoint
            </a>
            <CopyAsCurl call={metrics.call} />
            <AsTableSwitch asTable={asTable} onChange={table => show(time, table)} />
            <TimeWindowPicker window={window} onChange={chosen => show(chosen)} />
          </>
        )
      }
    >
      {!isAdmin ? (
        <Empty title="For administrators">
          What the whole server measures is for administrators. The metrics of a model are on its own page,
          for everyone who may see it.
        </Empty>
      ) : error ? (
        <ProblemNotice error={error} retry={() => void metrics.refetch()} />
      ) : !data ? (
        <Waiting what="what was measured" />
      ) : (
        <>
          <SinceNotice since={data.since} from={data.from} step={data.step_seconds} />
          {groups.map(({ title, about, charts }) => (
            <Section key={title} title={title} about={about}>
              <div className="grid grid-cols-1 gap-4 lg:grid-cols-2 2xl:grid-cols-3">
                {charts.map(chart => (
                  <ChartCard
                    key={chart.title}
                    {...chart}
                    at={at}
                    asTable={asTable}
                    group="metrics"
                    onRange={onRange}
                  />
                ))}
              </div>
            </Section>
          ))}
        </>
      )}
    </Page>
  )
}
