import { join } from 'node:path'
import { writeModel } from '../server/src/testing/onnx/writer.ts'
import type { Bench } from './bench.ts'
import { measureCells } from './cells.ts'
import { imageModel } from './extra-models.ts'
import { inferForm } from './forms.ts'
import type { Generator } from './generator.ts'
import type { Binary } from './results.ts'
import { type Roundhouse, startRoundhouse } from './servers/roundhouse.ts'
import { prepareWorkload } from './workloads.ts'

/** Round trips of a 1x3x224x224 tensor, one after the other; the time in the model is the server's own count. */
export async function measureBinary(bench: Bench, generator: Generator): Promise<Binary> {
  const path = writeModel(join(bench.folder, 'image.onnx'), imageModel())
  const workload = await prepareWorkload({
    name: 'image',
    path,
    input: 'x',
    output: 'y',
    shape: [1, 3, 224, 224],
    count: 8,
  })
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'binary'))
  started.defer(house.stop)
  await house.push(path, workload.name)
  const forms = [
    { form: 'binary', options: { binary: true } },
    { form: 'JSON, 4 decimals', options: { binary: false } },
    { form: 'JSON, numbers as doubles', options: { binary: false, doubles: true } },
  ]
  const rows: Binary['rows'] = []
  let failed = 0
  for (const { form, options } of forms) {
    const made = inferForm(workload, house.key, options)
    const before = await timeInModel(house)
    const [cell] = await measureCells(
      bench,
      generator,
      [{ server: form, ...house, workload, form: made }],
      [1],
    )
    const after = await timeInModel(house)
    if (!cell) continue
    failed += cell.failed
    rows.push({
      form,
      bodyBytes: made.requests[0]?.length ?? 0,
      roundTripMs: cell.p50Ms,
      modelMs: (after.ms - before.ms) / (after.count - before.count),
    })
  }
  return { rows, failed }
}

async function timeInModel({ client }: Roundhouse): Promise<{ count: number; ms: number }> {
  const { model_stats } = await client.inference.stats('image')
  const { count = 0, ns = 0 } = model_stats[0]?.inference_stats.compute_infer ?? {}
  return { count, ms: ns / 1e6 }
}
