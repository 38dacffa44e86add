import { openAsBlob } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchResult, Job } from '@roundhouse/sdk'
import type { Bench } from './bench.ts'
import { measureCells } from './cells.ts'
import { predictForm } from './forms.ts'
import type { Generator } from './generator.ts'
import { residentBytesOf } from './proc.ts'
import { type BatchesResult, serverNames } from './results.ts'
import { type Roundhouse, startRoundhouse } from './servers/roundhouse.ts'
import { mlpWorkload, type Workload } from './workloads.ts'

const rowCount = { full: 1_000_000, quick: 100_000 }
const warmUpRows = 20_000
const connections = 8
const pollMs = 50

/**
 * Rows of a CSV file through one batch, from the first byte of the upload to the result being there, against HTTP
 * predictions one by one on the same server. Memory is of the server without its Postgres, above what it was at rest.
 */
export async function measureBatches(bench: Bench, generator: Generator): Promise<BatchesResult> {
  const mlp = await mlpWorkload(bench)
  const house = await startRoundhouse(join(bench.folder, 'batches'))
  try {
    const modelId = await house.push(mlp.path, mlp.name)
    const rows = bench.quick ? rowCount.quick : rowCount.full
    bench.say('batches: warming up')
    await runBatch(house, modelId, await writeRows(bench, mlp, warmUpRows))
    const file = await writeRows(bench, mlp, rows)

    bench.say(`batches: ${rows} rows`)
    const resting = residentBytesOf(house.pid)
    let most = resting
    const watch = setInterval(() => {
      most = Math.max(most, residentBytesOf(house.pid))
    }, pollMs)
    const begin = performance.now()
    const { job, result } = await runBatch(house, modelId, file).finally(() => clearInterval(watch))
    const seconds = (performance.now() - begin) / 1000
    const failed = await countWrong(house, mlp, result)

    const form = predictForm(mlp, house.key, modelId)
    const target = { server: serverNames.predict, ...house, workload: mlp, form }
    const [single] = await measureCells(bench, generator, [target], [connections])
    return {
      rows,
      seconds,
      workSeconds: (Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '')) / 1000,
      rowsPerSecond: rows / seconds,
      oneByOnePerSecond: single?.requestsPerSecond ?? Number.NaN,
      grownBytes: most - resting,
      failed: failed + (rows - result.rows) + result.failed_rows + (single?.failed ?? 1),
    }
  } finally {
    await house.stop()
  }
}

async function runBatch(
  { client }: Roundhouse,
  modelId: string,
  path: string,
): Promise<{ job: Job; result: BatchResult }> {
  const { id } = await client.models.batch(modelId, await openAsBlob(path), { format: 'csv' })
  const job = await client.jobs.wait(id)
  const result = await client.jobs.batchResult(id)
  if (!result) throw new Error(`The batch ended as ${job.status}: ${job.error?.detail}`)
  return { job, result }
}

async function writeRows(bench: Bench, { rows }: Workload, count: number): Promise<string> {
  const path = join(bench.folder, `rows-${count}.csv`)
  const lines = rows.map(row => `${Array.from(row, value => Math.round(value * 10_000) / 10_000).join()}\n`)
  const block = lines.join('')
  const file = await open(path, 'w')
  await file.write(`${Array.from({ length: 30 }, (_, index) => `x[${index}]`).join()}\n`)
  let written = 0
  for (; written + lines.length <= count; written += lines.length) await file.write(block)
  await file.write(lines.slice(0, count - written).join(''))
  await file.close()
  return path
}

/** Rows of the result that are not what raw onnxruntime answers. */
async function countWrong(house: Roundhouse, { expected }: Workload, result: BatchResult): Promise<number> {
  const response = await fetch(result.file.url.replace(/^https?:\/\/[^/]*/, `http://127.0.0.1:${house.port}`))
  const [, ...lines] = (await response.text()).trimEnd().split('\n')
  return lines.filter((line, index) => {
    const wanted = expected[index % expected.length] ?? []
    return line.split(',').some((text, column) => Math.abs(Number(text) - Number(wanted[column])) > 1e-5)
  }).length
}
