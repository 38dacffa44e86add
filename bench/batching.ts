import { join } from 'node:path'
import { writeModel } from '../server/src/testing/onnx/writer.ts'
import type { Bench } from './bench.ts'
import { measureCells } from './cells.ts'
import { denseAloneModel } from './extra-models.ts'
import { inferForm } from './forms.ts'
import type { Generator } from './generator.ts'
import type { Batching } from './results.ts'
import { startRoundhouse } from './servers/roundhouse.ts'
import { prepareWorkload } from './workloads.ts'

/**
 * The same weights twice on one server: with a free first dimension, so that requests are joined, and with one fixed
 * to 1, so that they cannot be. One row per request, 64 connections.
 */
export async function measureBatching(bench: Bench, generator: Generator): Promise<Batching> {
  const alone = writeModel(join(bench.folder, 'dense-alone.onnx'), denseAloneModel())
  const facts = { input: 'x', output: 'y', shape: [1, 1000], count: 256 }
  const joined = await prepareWorkload({ ...facts, name: 'dense', path: bench.models.dense })
  const single = await prepareWorkload({ ...facts, name: 'dense-alone', path: alone })
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'batching'))
  started.defer(house.stop)
  await house.push(joined.path, joined.name)
  await house.push(single.path, single.name)
  const targets = [joined, single].flatMap(workload =>
    [true, false].map(binary => ({
      server: `${binary ? 'binary' : 'JSON'}, ${workload === joined ? 'batching' : 'no batching'}`,
      ...house,
      workload,
      form: inferForm(workload, house.key, { binary }),
    })),
  )
  return { cells: await measureCells(bench, generator, targets, [64]) }
}
