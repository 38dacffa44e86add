import type { Usage, UsageRow } from '@roundhouse/sdk'
import { type ReactElement, useMemo } from 'react'
import { ChartCard } from '../../ui/chart-card.tsx'
import { classes } from '../../ui/class-names.ts'
import { count } from '../../ui/format.ts'
import { daysOf } from './usage-words.ts'

/** A bar for each day (UTC). */
export function UsageCharts({ usage, asTable }: { usage: Usage; asTable: boolean }): ReactElement {
  const { at, series } = useMemo(() => {
    const days = daysOf(usage.data, usage.from, usage.to)
    const valuesOf = (read: (row: UsageRow) => number) => days.map(({ row }) => (row ? read(row) : 0))
    return {
      at: days.map(day => day.at),
      series: {
        credits: [{ label: 'Credits', values: valuesOf(row => row.credits) }],
        tokens: [{ label: 'Tokens', values: valuesOf(row => row.input_tokens + row.output_tokens) }],
        runs: [{ label: 'Runs', values: valuesOf(row => row.runs) }],
      },
    }
  }, [usage])
  const look = { at, format: count, asTable, look: 'bars', group: 'usage' } as const
  return (
    <div className={classes('mb-8 grid gap-4', asTable ? 'xl:grid-cols-2' : 'lg:grid-cols-3')}>
      <ChartCard {...look} title="Credits per day" series={series.credits} />
      <ChartCard {...look} title="Tokens per day" series={series.tokens} />
      <ChartCard {...look} title="Runs per day" series={series.runs} />
    </div>
  )
}
