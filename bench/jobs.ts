import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Job } from '@roundhouse/sdk'
import type { Bench } from './bench.ts'
import { cpuSecondsOf } from './proc.ts'
import { type JobsResult, percentile } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'
import { mlpWorkload, type Workload } from './workloads.ts'

/** Enough that starting and ending weigh little. */
const throughput = { full: 20_000, quick: 2000 }
const idle = { full: 500, quick: 60, pauseMs: 20 }
const senders = 16

/**
 * Idle: one job after the other on a server that does nothing else, from its row to its beginning by the clock of the
 * database. Throughput: jobs that wait are worked off by one process that does nothing else, beside Postgres; from
 * the first beginning to the last end.
 */
export async function measureJobs(bench: Bench): Promise<JobsResult> {
  bench.say('jobs: idle')
  const mlp = await mlpWorkload(bench)
  const folder = join(bench.folder, 'jobs')
  const count = bench.quick ? throughput.quick : throughput.full

  const both = await startRoundhouse(folder)
  const modelId = await both.push(mlp.path, mlp.name)
  const startMs = await measureIdle(both.client, modelId, mlp, bench.quick ? idle.quick : idle.full).finally(
    both.stop,
  )

  bench.say(`jobs: ${count} wait`)
  const api = await startRoundhouse(folder, { ROLES: 'api' })
  await addMany(api.client, modelId, mlp, count).finally(api.stop)
  bench.say('jobs: one worker')
  const worker = await startRoundhouse(folder, { ROLES: 'worker' })
  const cpuBefore = cpuSecondsOf(worker.pid)
  const cpuSeconds = await allEnded(worker, count)
    .then(() => cpuSecondsOf(worker.pid) - cpuBefore)
    .finally(worker.stop)
  const reader = await startRoundhouse(folder, { ROLES: 'api' })
  const jobs = await newest(reader.client, count).finally(reader.stop)
  const begin = Math.min(...jobs.map(job => Date.parse(job.started_at ?? '')))
  const end = Math.max(...jobs.map(job => Date.parse(job.finished_at ?? '')))
  return {
    idleJobs: startMs.length,
    startP50Ms: percentile(startMs, 0.5),
    startP99Ms: percentile(startMs, 0.99),
    jobs: count,
    cpuMicros: (cpuSeconds * 1e6) / count,
    jobsPerSecond: (count * 1000) / (end - begin),
    failed: jobs.filter(job => job.status !== 'done').length + (count - jobs.length),
  }
}

async function measureIdle(client: Client, modelId: string, mlp: Workload, count: number): Promise<number[]> {
  const tookMs: number[] = []
  const warmUp = Math.ceil(count / 10)
  for (let index = 0; index < warmUp + count; index++) {
    const { id } = await client.jobs.create({ model_id: modelId, input_data: inputOf(mlp, index) })
    const job = await client.jobs.wait(id)
    if (index >= warmUp) tookMs.push(Date.parse(job.started_at ?? '') - Date.parse(job.created_at))
    await delay(idle.pauseMs)
  }
  return tookMs
}

async function addMany(client: Client, modelId: string, mlp: Workload, count: number): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (next < count) {
        const input_data = inputOf(mlp, next++)
        await client.jobs.create({ model_id: modelId, input_data })
      }
    }),
  )
}

/** Told by the metrics: a process that only works answers little else. */
async function allEnded({ port, key }: { port: number; key: string }, count: number): Promise<void> {
  for (const deadline = Date.now() + 300_000; Date.now() < deadline; await delay(500)) {
    const reply = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { 'x-api-key': key } })
    let ended = 0
    for (const [, value] of (await reply.text()).matchAll(/^roundhouse_jobs_ended_total\{.*\} (\d+)$/gm))
      ended += Number(value)
    if (ended >= count) return
  }
  throw new Error('The jobs were not worked off within five minutes.')
}

async function newest(client: Client, count: number): Promise<Job[]> {
  const jobs: Job[] = []
  for await (const job of client.jobs.iterate({ kind: 'model', limit: 100 })) {
    jobs.push(job)
    if (jobs.length === count) break
  }
  return jobs
}

/** Others each time, so that none is answered from the cache before its turn comes round. */
function inputOf({ rows }: Workload, index: number): Record<string, unknown> {
  const row = rows[index % rows.length] ?? new Float32Array(0)
  return { x: [Array.from(row, (value, at) => (at === 0 ? value + Math.floor(index / rows.length) : value))] }
}
