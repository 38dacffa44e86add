import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { forecastModel } from '../server/src/testing/onnx/forecast.ts'
import { denseModel, largeModel, mlpModel } from '../server/src/testing/onnx/models.ts'
import { writeModel } from '../server/src/testing/onnx/writer.ts'

/** Models the measurements run on, by the names the figures use. */
export type BenchModels = {
  /** `x` FP32 [N,30] -> `y` FP32 [N,2], 9 KB. */
  readonly mlp: string
  /** `x` FP32 [N,1000] -> `y` FP32 [N,1000], 12 MB. */
  readonly dense: string
  /** `history` FP32 [N,60,24] -> `quantiles` FP32 [N,10,7], 12 MB. */
  readonly forecast: string
  /** `x` FP32 [N,1024] -> `y` FP32 [N,1024], 300 MB. */
  readonly large: string
}

const folder = resolve(import.meta.dirname, '..', '.cache', 'models')

/** Paths of the models; writes those that are not in the cache folder yet. */
export function benchModels(): BenchModels {
  return {
    mlp: cached('mlp', { inputs: 30, hidden: 64, outputs: 2, seed: 1 }, mlpModel),
    dense: cached('dense', { seed: 1 }, ({ seed }) => denseModel(seed)),
    forecast: cached('forecast', { seed: 1 }, ({ seed }) => forecastModel(seed)),
    large: cached('large', { sizeBytes: 300_000_000, seed: 1 }, ({ sizeBytes, seed }) =>
      largeModel(sizeBytes, seed),
    ),
  }
}

// The name carries the parameters: other parameters are another file. Raise it when a maker itself changes.
const revision = 1

function cached<Parameters extends object>(
  name: string,
  parameters: Parameters,
  make: (parameters: Parameters) => Uint8Array,
): string {
  const hash = createHash('sha256')
    .update(JSON.stringify({ revision, ...parameters }))
    .digest('hex')
    .slice(0, 12)
  const path = resolve(folder, `${name}-${hash}.onnx`)
  return existsSync(path) ? path : writeModel(path, make(parameters))
}

if (import.meta.main) console.log(benchModels())
