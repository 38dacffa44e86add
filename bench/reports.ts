import { join } from 'node:path'
import type { ForecastReport } from '@roundhouse/sdk/contract'
import { forecastExample } from '../server/src/reports/examples/forecast-report.ts'
import type { Bench } from './bench.ts'
import { cpuSecondsOf } from './proc.ts'
import { median, type ReportsResult } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'

/**
 * Forecast reports of four pages, one after the other, each with numbers of its own: nothing of the one before can be used
 * again but the fonts. CPU is of all processes: the API, the typesetter, Postgres.
 */
export async function measureReports(bench: Bench): Promise<ReportsResult> {
  bench.say('reports: four pages')
  const house = await startRoundhouse(join(bench.folder, 'reports'))
  try {
    const make = (number: number) =>
      house.client.reports.create({ template: 'forecast-report', data: reportOf(number) })
    const warmUp = bench.quick ? 3 : 20
    for (let number = 0; number < warmUp; number++) await make(number)

    const count = bench.quick ? 10 : 100
    const tookMs: number[] = []
    let pages = 0
    let sizeBytes = 0
    const cpuBefore = cpuSecondsOf(house.pid)
    for (let number = 0; number < count; number++) {
      const begin = performance.now()
      const report = await make(warmUp + number)
      tookMs.push(performance.now() - begin)
      pages = report.pages
      sizeBytes = report.size_bytes
    }
    const cpuMs = ((cpuSecondsOf(house.pid) - cpuBefore) * 1000) / count
    return { pages, sizeBytes, count, cpuMs, p50Ms: median(tookMs), maxMs: Math.max(...tookMs) }
  } finally {
    await house.stop()
  }
}

function reportOf(number: number): ForecastReport {
  const points = [...(forecastExample.forecast ?? []), ...(forecastExample.forecast ?? [])]
  return {
    ...forecastExample,
    title: `Electricity demand, run ${number}`,
    history: (forecastExample.history ?? []).map(({ label, value }) => ({
      label,
      value: value + number / 7,
    })),
    forecast: [...points, ...points].map(({ label, value }) => ({
      label: `${label} ${number}`,
      value: value + number / 3,
      lower: value - 50 - number,
      upper: value + 60 + number,
    })),
  }
}
