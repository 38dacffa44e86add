import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createRandom } from '../../server/src/testing/onnx/random.ts'
import { rawOptions } from '../workloads.ts'

// The limit: `session.run` in a loop and nothing else, at several batch sizes. Prints one JSON line.

export type RawRow = { batch: number; rowsPerSecond: number; cpuMicrosPerRow: number; callMs: number }

const [path = '', input = '', shapeText = '[]', windowText = '0'] = process.argv.slice(2)
const shape = JSON.parse(shapeText) as number[]
const windowMs = Number(windowText)
const session = await InferenceSession.create(path, rawOptions)
const rows: RawRow[] = []
for (const batch of [1, 8, 32, 128]) rows.push(await measure(batch))
console.log(JSON.stringify(rows))

async function measure(batch: number): Promise<RawRow> {
  const dims = [batch, ...shape.slice(1)]
  const size = dims.reduce((product, dim) => product * dim, 1)
  const random = createRandom(batch)
  const inputs = Array.from(
    { length: 8 },
    () => new Tensor('float32', Float32Array.from({ length: size }, random), dims),
  )
  const feeds = inputs.map(tensor => ({ [input]: tensor }))
  const run = (index: number) => session.run(feeds[index % feeds.length] ?? {})
  const warmUntil = performance.now() + windowMs / 4
  for (let index = 0; performance.now() < warmUntil; index++) await run(index)
  const cpu = process.cpuUsage()
  const begin = performance.now()
  let calls = 0
  while (performance.now() - begin < windowMs) await run(calls++)
  const elapsedMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpu)
  return {
    batch,
    rowsPerSecond: (calls * batch * 1000) / elapsedMs,
    cpuMicrosPerRow: (user + system) / (calls * batch),
    callMs: elapsedMs / calls,
  }
}
