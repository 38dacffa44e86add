import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { silentLog } from '../kit/log.ts'
import {
  batchMixingModel,
  fixedModel,
  identityModel,
  loopModel,
  mlpModel,
  randomModel,
  slowModel,
} from '../testing/onnx/models.ts'
import { graph, integers, model, node, value, writeModel } from '../testing/onnx/writer.ts'
import { type ExecutionPlan, homeOf, warmUp } from './warm-up.ts'

const folder = mkdtempSync(join(tmpdir(), 'warm-up-'))
after(() => rmSync(folder, { recursive: true }))
const runtime = createOnnxRuntime({ log: silentLog })
let files = 0

async function planOf(bytes: Uint8Array): Promise<ExecutionPlan> {
  const path = writeModel(join(folder, `${++files}.onnx`), bytes)
  const facts = await runtime.inspect(path)
  const session = await runtime.openSession(path, homeOf(facts))
  try {
    return await warmUp(session, facts, bytes.byteLength, () => performance.now())
  } finally {
    await session.close()
  }
}

test('a model with a free first dimension is batched, with the measured cost of 1, 2, 4, ... rows', async () => {
  const plan = await planOf(mlpModel({ inputs: 30, hidden: 64, outputs: 2, seed: 1 }))
  assert.equal(plan.batching, true)
  assert.equal(plan.note, null)
  assert.deepEqual(
    plan.curve.slice(0, 3).map(point => point.rows),
    [1, 2, 4],
  )
  assert.ok(plan.curve.every(point => point.ms > 0))
  assert.ok(plan.curve.some(point => point.rows === plan.maxRows))
})

test('a model whose rows influence each other is never batched', async () => {
  const plan = await planOf(batchMixingModel())
  assert.equal(plan.batching, false)
  assert.match(plan.note ?? '', /other results together than alone|one entry per row/)
})

test('a model that quantizes by the largest value of the whole batch is never batched', async () => {
  const plan = await planOf(
    model(
      graph({
        nodes: [
          node('DynamicQuantizeLinear', ['x'], ['q', 'scale', 'zero']),
          node('DequantizeLinear', ['q', 'scale', 'zero'], ['rough']),
          node('ArgMax', ['rough'], ['y'], { axis: { int: 1 }, keepdims: { int: 0 } }),
        ],
        inputs: [value('x', 'FP32', ['N', 4])],
        outputs: [value('y', 'INT64', ['N'])],
      }),
    ),
  )
  assert.equal(plan.batching, false)
})

test('a model that draws random numbers is never batched', async () => {
  assert.equal((await planOf(randomModel())).batching, false)
})

test('a model that may end its process is never batched nor run on the main thread, however cheap', async () => {
  const nodes = [node('Abs', ['w'], ['a']), node('Max', ['a', 'one'], ['d']), node('Div', ['x', 'd'], ['y'])]
  const inputs = [value('x', 'INT64', ['N']), value('w', 'INT64', ['N'])]
  const initializers = [integers('one', [1])]
  const plan = await planOf(
    model(graph({ nodes, inputs, initializers, outputs: [value('y', 'INT64', ['N'])] })),
  )
  assert.deepEqual([plan.batching, plan.place, plan.curve.length], [false, 'process', 1])
  assert.match(plan.note ?? '', /^No batching: .* requests of others/)
})

test('a model with a fixed first dimension is not batched, and says which dimension it is', async () => {
  const plan = await planOf(fixedModel())
  assert.equal(plan.batching, false)
  assert.match(plan.note ?? '', /first dimension of \S+ is not free/)
})

test('a model that refuses made-up inputs is loaded all the same, unbatched and off the main thread', async () => {
  const plan = await planOf(reshapeModel())
  assert.deepEqual([plan.batching, plan.place], [false, 'thread'])
  assert.match(plan.note ?? '', /made-up inputs were refused/)
})

test('a model that loops, or is slow, never gets onto the main thread', async () => {
  assert.equal((await planOf(loopModel())).place, 'thread')
  assert.equal((await planOf(slowModel(40))).place, 'thread')
})

test('strings and integers are batched when joined runs give the same to the last bit', async () => {
  assert.equal((await planOf(identityModel('BYTES', ['N', 2]))).batching, true)
  assert.equal((await planOf(identityModel('INT64', ['N', 2]))).batching, true)
  assert.equal((await planOf(identityModel('FP16', ['N', 2]))).batching, true)
})

/** Its second input is a shape that must have as many elements as the first: made-up values do not. */
function reshapeModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('Reshape', ['x', 'shape'], ['y'])],
      inputs: [value('x', 'FP32', [7]), value('shape', 'INT64', [2])],
      outputs: [value('y', 'FP32', ['A', 'B'])],
    }),
  )
}
