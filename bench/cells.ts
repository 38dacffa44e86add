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

/** With all that the server spent from the first request of the cell until it was at rest, its history written. */
type Report = LoadReport & { cpuSeconds: number }

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
      reports: [] as Report[],
    }))
  })
  bench.say('warming up the servers')
  for (const [index, { port }] of targets.entries()) {
    await generator.load({
      port,
      pool: String(index),
      connections: Math.max(...connections),
      warmUpMs: bench.jitMs,
      windowMs: 0,
    })
  }
  for (let round = 1; round <= bench.rounds; round++) {
    for (const [index, { target, pool, connections: count, reports }] of shuffled(plan).entries()) {
      const { port, pid, server, workload } = target
      bench.say(
        `round ${round}/${bench.rounds} ${index + 1}/${plan.length}: ${workload.name}, ${server}, ${count} connections`,
      )
      const { warmUpMs, windowMs } = bench
      const before = cpuSecondsOf(pid)
      const report = await generator.load({ port, pool, connections: count, warmUpMs, windowMs })
      await untilQuiet(pid)
      reports.push({ ...report, cpuSeconds: cpuSecondsOf(pid) - before })
    }
  }
  return plan.map(({ target, connections: count, reports }) => cellOf(target, count, reports))
}

function cellOf({ server, workload, form }: Target, connections: number, reports: readonly Report[]): Cell {
  const of = (value: (report: Report) => number) => median(reports.map(value))
  const sum = (value: (report: Report) => number) =>
    reports.reduce((total, report) => total + value(report), 0)
  return {
    model: workload.name,
    server,
    connections,
    requestsPerSecond: of(report => report.completed / report.seconds),
    p50Ms: of(report => report.p50Ms),
    p99Ms: of(report => report.p99Ms),
    cpuMicros: of(report => (report.cpuSeconds * 1e6) / report.total),
    failed: sum(report => report.failed + countWrong(form, workload, report.samples)),
    checked: form.read ? sum(report => report.samples.length) : 0,
  }
}

/** At most 10 % of one core: what is still to do after a load belongs to it, and must not disturb the next. */
export async function untilQuiet(pid: number): Promise<void> {
  for (const deadline = Date.now() + quietWaitMs; Date.now() < deadline; ) {
    const before = cpuSecondsOf(pid)
    await delay(quietMs)
    if (cpuSecondsOf(pid) - before <= (quietMs / 1000) * 0.1) return
  }
}

export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map(item => ({ item, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item)
}
