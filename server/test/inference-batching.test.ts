import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elementBytes, inferResponse, statistics } from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { mlpModel, slowModel } from '../src/testing/onnx/models.ts'
import { post, postBinary, readBinary } from './wire.ts'

const requests = 1920
const atOnce = 48

test('of 1920 different requests, 48 at a time, each gets its own answer: tiny model, JSON', async t => {
  const house = await testHouse(t, { PREDICTION_HISTORY: 'off' })
  const { metadata } = await house.pushed('tiny', mlpModel({ inputs: 3, hidden: 32, outputs: 12, seed: 1 }))
  assert.equal(placeOf(metadata), 'inline')
  await everyAnswerIsItsOwn(house, 'tiny', async seed => {
    const data = [Math.sin(seed), Math.cos(seed * 3), seed / requests]
    const inputs = [{ name: 'x', shape: [1, 3], datatype: 'FP32', data }]
    const reply = inferResponse.parse(await (await post(house, '/v2/models/tiny/infer', { inputs })).json())
    return Float32Array.from(reply.outputs[0]?.data as number[])
  })
})

test('of 1920 different requests, 48 at a time, each gets its own answer: model in a thread, binary, 1 to 3 rows', async t => {
  const house = await testHouse(t, { PREDICTION_HISTORY: 'off' })
  const { metadata } = await house.pushed('wide', slowModel(2))
  assert.equal(placeOf(metadata), 'thread')
  await everyAnswerIsItsOwn(house, 'wide', async seed => {
    const count = 1 + (seed % 3)
    const values = Float32Array.from({ length: count * 512 }, (_, index) => Math.sin(seed * 7919 + index))
    const parameters = { binary_data_size: values.byteLength }
    const request = {
      id: String(seed),
      inputs: [{ name: 'x', shape: [count, 512], datatype: 'FP32', parameters }],
      parameters: { binary_data_output: true },
    }
    const { json, blobs } = await readBinary(
      await postBinary(house, '/v2/models/wide/infer', request, [elementBytes(values)]),
    )
    assert.equal(json.id, String(seed))
    assert.deepEqual(json.outputs[0]?.shape, [count, 512])
    return new Float32Array(Uint8Array.from(blobs[0] ?? []).buffer)
  })
})

function placeOf(metadata: Record<string, unknown>): unknown {
  const { executor } = metadata
  return executor !== null && typeof executor === 'object' && 'place' in executor ? executor.place : undefined
}

/** Asks for each alone, then for all together in another order. */
async function everyAnswerIsItsOwn(
  house: TestHouse,
  name: string,
  ask: (seed: number) => Promise<Float32Array>,
): Promise<void> {
  const alone: Float32Array[] = []
  for (let seed = 0; seed < requests; seed++) alone.push(await ask(seed))
  assert.equal(new Set(alone.map(answer => answer.join())).size, requests)
  const before = await runsOf(house, name)

  const waiting = Array.from({ length: requests }, (_, index) => (index * 1001) % requests)
  const wrong: string[] = []
  const client = async () => {
    for (let seed = waiting.pop(); seed !== undefined; seed = waiting.pop()) {
      const answer = await ask(seed)
      const wanted = alone[seed] ?? new Float32Array()
      const isSame =
        answer.length === wanted.length && answer.every((value, at) => isNear(value, wanted[at] ?? 0))
      if (!isSame) wrong.push(`${seed}: ${answer.slice(0, 4)} instead of ${wanted.slice(0, 4)}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  assert.deepEqual(wrong, [])
  assert.equal((await runsOf(house, name)).requests - before.requests, requests)
  assert((await runsOf(house, name)).runs - before.runs < requests, 'some requests were joined')
}

/** A sum over a batch may be made in another order than over one row. */
function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) <= 1e-6 + 1e-5 * Math.abs(wanted)
}

async function runsOf(house: TestHouse, name: string): Promise<{ requests: number; runs: number }> {
  const body = await (await house.fetch(`/v2/models/${name}/stats`)).json()
  const [model] = statistics.parse(body).model_stats
  assert(model)
  const batchedRows = model.batch_stats.reduce(
    (sum, { batch_size, compute_infer }) => sum + batch_size * compute_infer.count,
    0,
  )
  assert.equal(batchedRows, model.inference_count)
  return { requests: model.inference_stats.success.count, runs: model.execution_count }
}
