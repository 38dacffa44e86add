import { lazy, type ReactElement, Suspense } from 'react'
import type { Series } from './chart.tsx'
import { latest, summary } from './measured.ts'
import { Card } from './page.tsx'
import { localTime } from './relative-time.ts'

const Chart = lazy(() => import('./chart.tsx'))

export type ChartCardProps = {
  title: string
  /** What it means, where the title does not say it. */
  about?: string
  /** Milliseconds since 1970. */
  at: readonly number[]
  series: readonly Series[]
  /** With its unit. */
  format: (value: number) => string
  /** Of which the line is, that says what is seen. The first when absent. */
  headline?: number
  asTable?: boolean
  look?: 'line' | 'area' | 'bars'
  /** Bytes. */
  binary?: boolean
  group?: string
  onRange?: (from: number, to: number) => void
}

const height = 180
/** What was measured last is looked at first; more is a matter of the API. */
const mostRows = 200

/** Something over time: its last value, one line about it, and a chart or a table. */
export function ChartCard(props: ChartCardProps): ReactElement {
  const { title, about, at, series, format, headline = 0, asTable = false } = props
  const main = series[headline] ?? series[0]
  const last = latest(main?.values ?? [])
  const said = summary(main?.values ?? [], format)
  const isEmpty = series.every(({ values }) => values.every(value => value === null))
  return (
    <Card className="min-w-0">
      <div className="mb-1 flex items-baseline justify-between gap-3">
        <h3 className="text-sm font-medium">{title}</h3>
        <span className="text-lg font-semibold tracking-tight whitespace-nowrap tabular">
          {last === null ? '–' : format(last)}
        </span>
      </div>
      <p className="mb-3 text-[13px] text-quiet">
        {about !== undefined && `${about} `}
        {series.length > 1 && !isEmpty && `${main?.label}: `}
        {said}
      </p>
      {isEmpty ? (
        <div
          className="flex items-center justify-center rounded-lg bg-sunken/60 text-[13px] text-quiet"
          style={{ height }}
        >
          No data in this time
        </div>
      ) : asTable ? (
        <Values title={title} at={at} series={series} format={format} />
      ) : (
        <Suspense fallback={<div style={{ height }} />}>
          <Chart {...chartProps(props)} summary={`${title}. ${said}`} height={height} />
        </Suspense>
      )}
    </Card>
  )
}

function chartProps({ at, series, format, look, binary, group, onRange }: ChartCardProps) {
  return {
    at,
    series,
    format,
    ...(look && { look }),
    ...(binary && { binary }),
    ...(group !== undefined && { group }),
    ...(onRange && { onRange }),
  }
}

/** The newest first; points that were not measured are left out. */
function Values({
  title,
  at,
  series,
  format,
}: Pick<ChartCardProps, 'title' | 'at' | 'series' | 'format'>): ReactElement {
  const rows = at
    .map((time, i) => ({ time, values: series.map(({ values }) => values[i] ?? null) }))
    .filter(({ values }) => values.some(value => value !== null))
    .reverse()
    .slice(0, mostRows)
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={`${title}, values`}
      className="max-h-72 overflow-auto rounded-lg border border-line"
    >
      <table className="w-full text-left text-[13px]">
        <thead className="sticky top-0 bg-raised">
          <tr className="border-b border-line text-quiet">
            <th scope="col" className="px-3 py-1.5 font-medium">
              Time
            </th>
            {series.map(({ label }) => (
              <th key={label} scope="col" className="px-3 py-1.5 text-right font-medium whitespace-nowrap">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="tabular">
          {rows.map(({ time, values }) => (
            <tr key={time} className="border-b border-line/60 last:border-0">
              <th scope="row" className="px-3 py-1 font-normal whitespace-nowrap">
                {localTime(time)}
              </th>
              {values.map((value, i) => (
                <td key={series[i]?.label} className="px-3 py-1 text-right whitespace-nowrap">
                  {value === null ? '–' : format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
