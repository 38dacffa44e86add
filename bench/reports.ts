import { join } from 'node:path'
import type { ForecastReport } from '@roundhouse/sdk/contract'
import { forecastExample } from '../server/src/reports/examples/forecast-report.ts'
import type { Bench } from './bench.ts'
import { cpuSecondsOf } from './proc.ts'
import { median, type ReportsResult } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'

const logo = 'bench/logo.svg'
/** A mark and a word of 40 outlines, as a drawing program writes them. */
const logoFile = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 60"><defs><linearGradient id="a"><stop offset="0"
  stop-color="#24527a"/><stop offset="1" stop-color="#5aa9a1"/></linearGradient></defs><circle cx="30" cy="30" r="28"
  fill="url(#a)"/>${Array.from({ length: 40 }, (_, index) => `<path transform="translate(${70 + index * 8} 10)" d="M0 40C1 20 2 10 3 0S5 10 6 40H4L3 25 2 40z"/>`).join('')}</svg>`,
)

/**
 * Forecast reports of four pages with a logo, one after the other, each with numbers of its own: nothing of the one before
 * can be used again but the fonts and the logo. CPU is of all processes: the API, the typesetter, Postgres.
 */
export async function measureReports(bench: Bench): Promise<ReportsResult> {
  bench.say('reports: four pages')
  const house = await startRoundhouse(join(bench.folder, 'reports'))
  try {
    await house.client.files.from('agent-logos').upload(logo, logoFile, { contentType: 'image/svg+xml' })
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
    logo,
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
