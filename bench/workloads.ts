import { readFile } from 'node:fs/promises'
import type { Tensor } from '@roundhouse/sdk'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { createRandom } from '../server/src/testing/onnx/random.ts'
import type { Bench } from './bench.ts'

/** A model with rows to ask it, and what raw onnxruntime answers to each. */
export type Workload = {
  readonly name: string
  readonly path: string
  readonly input: string
  readonly output: string
  /** Of one row, the first dimension 1. */
  readonly shape: readonly number[]
  readonly rows: readonly Float32Array[]
  readonly expected: readonly Float32Array[]
}

export type WorkloadOptions = Pick<Workload, 'name' | 'path' | 'input' | 'output' | 'shape'> & {
  count: number
}

export async function prepareWorkload({ count, ...facts }: WorkloadOptions): Promise<Workload> {
  const { path, input, output, shape } = facts
  const random = createRandom(7)
  const size = shape.reduce((product, dim) => product * dim, 1)
  const rows = Array.from({ length: count }, () =>
    Float32Array.from({ length: size }, () => fourDecimals(random)),
  )
  const session = await InferenceSession.create(await readFile(path), rawOptions)
  const expected: Float32Array[] = []
  for (const row of rows) {
    const results = await session.run({ [input]: new OrtTensor('float32', row, shape) })
    expected.push(Float32Array.from(results[output]?.data as Float32Array))
  }
  await session.release()
  return { ...facts, rows, expected }
}

/** For where the model is not what is measured: the smallest, 30 numbers to 2. */
export function mlpWorkload({ models }: Bench): Promise<Workload> {
  return prepareWorkload({
    name: 'mlp',
    path: models.mlp,
    input: 'x',
    output: 'y',
    shape: [1, 30],
    count: 256,
  })
}

/** As the server's own sessions: one thread, nothing that grows. */
export const rawOptions: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 4,
}

export function tensorOf({ input, shape }: Workload, row: Float32Array): Tensor {
  return { name: input, datatype: 'FP32', shape: [...shape], data: row }
}

/** Numbers as a person or a sensor gives them: about 7 characters in JSON, where any float32 has about 10. */
function fourDecimals(random: () => number): number {
  return Math.round((random() * 2 - 1) * 10_000) / 10_000
}
