import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { countWrong, type Form } from './forms.ts'
import type { Generator } from './generator.ts'
import type { LoadReport } from './load.ts'
import { cpuSecondsOf } from './proc.ts'
import { type Cell, median } from './results.ts'
import type { Workload } from './workloads.ts'

/** One thing to load: a server by its port and process, asked in one form. */
export type Target = { server: string; port: number; pid: number; workload: Workload; form: Form }

const quietMs = 200
const quietWaitMs = 4000

/** Every target at every number of connections, in an order shuffled anew each round; the median of the rounds. */
export async function measureCells(
  bench: Bench,
  generator: Generator,
  targets: readonly Target[],
  connections: readonly number[],
): Promise<Cell[]> {
  const plan = targets.flatMap((target, index) => {
    generator.pool(String(index), target.form.requests)
    return connections.map(count => ({
      target,
      pool: String(index),
      connections: count,
      reports: [] as LoadReport[],
    }))
  })
  for (let round = 1; round <= bench.rounds; round++) {
    for (const [index, item] of shuffled(plan).entries()) {
      const { target, pool } = item
      bench.say(
        `round ${round}/${bench.rounds} ${index + 1}/${plan.length}: ${target.workload.name}, ${target.server}, ${item.connections} connections`,
      )
      await untilQuiet(target.pid)
      const { warmUpMs, windowMs } = bench
      item.reports.push(
        await generator.load({
          port: target.port,
          pid: target.pid,
          pool,
          connections: item.connections,
          warmUpMs,
          windowMs,
        }),
      )
    }
  }
  return plan.map(({ target, connections: count, reports }) => cellOf(target, count, reports))
}

function cellOf(
  { server, workload, form }: Target,
  connections: number,
  reports: readonly LoadReport[],
): Cell {
  const of = (value: (report: LoadReport) => number) => median(reports.map(value))
  const sum = (value: (report: LoadReport) => number) =>
    reports.reduce((total, report) => total + value(report), 0)
  return {
    model: workload.name,
    server,
    connections,
    requestsPerSecond: of(report => report.completed / report.seconds),
    p50Ms: of(report => report.p50Ms),
    p99Ms: of(report => report.p99Ms),
    cpuMicros: of(report => (report.cpuSeconds * 1e6) / report.completed),
    failed: sum(report => report.failed + countWrong(form, workload, report.samples)),
    checked: form.read ? sum(report => report.samples.length) : 0,
  }
}

/** What a server still has to do for the last cell (its history) is not charged to the next one. */
async function untilQuiet(pid: number): Promise<void> {
  for (const deadline = Date.now() + quietWaitMs; Date.now() < deadline; ) {
    const before = cpuSecondsOf(pid)
    await delay(quietMs)
    if (cpuSecondsOf(pid) - before <= 0.02) return
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map(item => ({ item, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item)
}
