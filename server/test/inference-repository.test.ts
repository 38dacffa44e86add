import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type ModelStatistics,
  repositoryIndex,
  repositoryLoaded,
  repositoryUnloaded,
  statistics,
} from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { failingModel, mlpModel, slowModel, twoByTwoModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { post, refusedWith } from './wire.ts'

const small = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
const rows = (count: number) => ({
  inputs: [{ name: 'x', shape: [count, 2], datatype: 'FP32', data: Array(count * 2).fill(0.5) }],
})

async function index(house: TestHouse, body?: unknown) {
  const response = await post(house, '/v2/repository/index', body)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return repositoryIndex
    .parse(JSON.parse(text))
    .map(({ name, version, state, reason }) => [name, version, state, reason])
    .sort()
}

async function statisticsOf(house: TestHouse, path: string): Promise<ModelStatistics[]> {
  const response = await house.fetch(path)
  return statistics.strict().parse(await response.json()).model_stats
}

test('the index lists every version and its state, on request only those that are ready', async t => {
  const house = await testHouse(t)
  assert.deepEqual(await index(house), [])
  await house.pushed('a', small)
  await house.pushed('a', small)
  await house.pushed('b', twoByTwoModel())
  const all = [
    ['a', '1', 'READY', ''],
    ['a', '2', 'READY', ''],
    ['b', '1', 'READY', ''],
  ]
  for (const body of [undefined, {}, { ready: false }, { ready: true }]) {
    assert.deepEqual(await index(house, body), all)
  }
  await post(house, '/v2/repository/models/a/unload')
  assert.deepEqual(await index(house), [
    ['a', '1', 'UNAVAILABLE', 'unloaded'],
    ['a', '2', 'UNAVAILABLE', 'unloaded'],
    ['b', '1', 'READY', ''],
  ])
  assert.deepEqual(await index(house, { ready: true }), [['b', '1', 'READY', '']])
  for (const ready of ['true', 1, {}]) {
    const text = await refusedWith(400, await post(house, '/v2/repository/index', { ready }))
    assert.match(text, /expected a boolean/)
  }
  await refusedWith(400, await post(house, '/v2/repository/index', '{"ready":'))
  await refusedWith(400, await post(house, '/v2/repository/index', '[]'))
})

test('an unloaded model answers 503 until it is loaded, also after a restart', async t => {
  const dataDir = await temporaryFolder(t)
  const share = { databaseUrl: (await testDatabase(t)).appUrl, dataDir }
  const first = await testHouse(t, {}, { share })
  await first.pushed('price', small, { version: '1' })
  await first.pushed('price', small, { version: '2' })
  assert.deepEqual(
    repositoryUnloaded
      .strict()
      .parse(
        await (
          await post(first, '/v2/repository/models/price/unload', { parameters: { unload_dependents: true } })
        ).json(),
      ),
    { name: 'price', unload: true },
  )
  const refusals = async (house: TestHouse) => {
    for (const [path, method] of [
      ['/v2/models/price/infer', 'POST'],
      ['/v2/models/price/versions/1/infer', 'POST'],
      ['/v2/models/price/ready', 'GET'],
      ['/v2/models/price/versions/2/ready', 'GET'],
    ] as const) {
      const body = method === 'POST' ? { body: JSON.stringify(rows(1)) } : {}
      const response = await house.fetch(path, { method, ...body })
      assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
      await refusedWith(503, response)
    }
    assert.equal((await house.fetch('/v2/models/price')).status, 200)
    assert.deepEqual(await index(house, { ready: true }), [])
  }
  await refusals(first)
  await post(first, '/v2/repository/models/price/unload')
  await refusals(first)

  await first.close()
  const restarted = await testHouse(t, {}, { share })
  await refusals(restarted)
  assert.deepEqual(
    repositoryLoaded.strict().parse(await (await post(restarted, '/v2/repository/models/price/load')).json()),
    { name: 'price', load: true },
  )
  const reply = await post(restarted, '/v2/models/price/infer', rows(1))
  assert.equal(reply.status, 200)
  assert.equal(((await reply.json()) as { model_version: string }).model_version, '2')
  assert.equal((await post(restarted, '/v2/models/price/versions/1/infer', rows(1))).status, 200)
})

test('a model that is unknown can be neither loaded nor unloaded', async t => {
  const house = await testHouse(t)
  for (const action of ['load', 'unload']) {
    assert.match(
      await refusedWith(404, await post(house, `/v2/repository/models/absent/${action}`)),
      /absent/,
    )
    await refusedWith(400, await post(house, `/v2/repository/models/a%2Fb/${action}`))
  }
})

test('load takes no files and no configuration, and says where they go', async t => {
  const house = await testHouse(t)
  await house.pushed('price', small)
  for (const parameters of [
    { config: '{}' },
    { 'file:1/model.onnx': 'AAAA' },
    { 'file:../../x': 'AAAA', config: '{}' },
  ]) {
    const response = await post(house, '/v2/repository/models/price/load', { parameters })
    assert.match(await refusedWith(501, response), /POST \/api\/v1\/models/)
  }
  for (const body of ['{', '[]', '"a"', '{"parameters":{"a":{}}}', '{"parameters":[]}']) {
    await refusedWith(400, await post(house, '/v2/repository/models/price/load', body))
    await refusedWith(400, await post(house, '/v2/repository/models/price/unload', body))
  }
  assert.equal((await post(house, '/v2/models/price/infer', rows(1))).status, 200)
})

test('a load that fails leaves the version that serves, and a load while others infer loses no request', async t => {
  const folder = await temporaryFolder(t)
  const house = await testHouse(t, { DATA_DIR: folder })
  await house.pushed('price', small)
  let stop = false
  const answers: number[] = []
  const infer = async () => {
    while (!stop) answers.push((await post(house, '/v2/models/price/infer', rows(1))).status)
  }
  const traffic = [infer(), infer()]
  assert.equal((await post(house, '/v2/repository/models/price/load')).status, 200)

  const stored = join(folder, 'files', 'objects')
  for (const name of await readdir(stored)) await writeFile(join(stored, name), 'damaged')
  const text = await refusedWith(422, await post(house, '/v2/repository/models/price/load'))
  assert.match(text, /sha256/)
  assert.equal((await house.fetch('/v2/models/price/ready')).status, 200)
  assert.equal((await post(house, '/v2/models/price/infer', rows(1))).status, 200)
  stop = true
  await Promise.all(traffic)
  assert(answers.length > 2)
  assert.deepEqual(
    answers.filter(status => status !== 200),
    [],
  )
})

test('statistics count rows, runs, batches and failures', async t => {
  const house = await testHouse(t)
  await house.pushed('price', small)
  await house.pushed('broken', failingModel())
  const [fresh] = await statisticsOf(house, '/v2/models/price/stats')
  assert.deepEqual([fresh?.inference_count, fresh?.execution_count, fresh?.batch_stats], [0, 0, []])

  const before = Date.now()
  for (const count of [3, 5, 3])
    assert.equal((await post(house, '/v2/models/price/infer', rows(count))).status, 200)
  const out = { inputs: [{ name: 'index', shape: [1], datatype: 'INT64', data: [7] }] }
  assert.match(
    await refusedWith(500, await post(house, '/v2/models/broken/infer', out)),
    /out of data bounds/,
  )
  // A request that is refused before it runs is no failure of the model.
  await refusedWith(400, await post(house, '/v2/models/price/infer', { inputs: [] }))

  const [price] = await statisticsOf(house, '/v2/models/price/versions/1/stats')
  assert(price)
  assert.deepEqual([price.name, price.version], ['price', '1'])
  assert.deepEqual([price.inference_count, price.execution_count], [11, 3])
  assert(price.last_inference >= before && price.last_inference <= Date.now())
  const { success, fail, queue, compute_infer, cache_hit, cache_miss } = price.inference_stats
  assert.deepEqual([success.count, fail.count, queue.count, compute_infer.count], [3, 0, 3, 3])
  assert(success.ns > 0 && compute_infer.ns > 0)
  assert.deepEqual([cache_hit.count, cache_miss.count], [0, 0])
  assert.deepEqual(
    price.batch_stats.map(batch => [batch.batch_size, batch.compute_infer.count]),
    [
      [3, 2],
      [5, 1],
    ],
  )
  assert.equal(price.memory_usage[0]?.byte_size, small.length)
  const [broken] = await statisticsOf(house, '/v2/models/broken/stats')
  assert.deepEqual([broken?.inference_stats.fail.count, broken?.inference_stats.success.count], [1, 0])
  assert.deepEqual([broken?.inference_count, broken?.execution_count], [0, 0])
  const all = await statisticsOf(house, '/v2/models/stats')
  assert.deepEqual(all.map(({ name }) => name).sort(), ['broken', 'price'])
})

test('a cached answer counts as a success and as no run', async t => {
  const house = await testHouse(t)
  const { id } = await house.pushed('price', small)
  for (let count = 0; count < 3; count++) await house.predict(id, { x: [[1, 2]] })
  const [price] = await statisticsOf(house, '/v2/models/price/stats')
  assert(price)
  const { success, cache_hit, cache_miss, compute_infer } = price.inference_stats
  assert.deepEqual([success.count, cache_hit.count, cache_miss.count, compute_infer.count], [3, 2, 1, 1])
  assert.deepEqual([price.inference_count, price.execution_count], [1, 1])
})

test('the configuration tells datatypes, sizes and whether requests are joined', async t => {
  const house = await testHouse(t)
  await house.pushed('slow', slowModel(4))
  await house.pushed('broken', failingModel())
  for (const path of ['/v2/models/slow/config', '/v2/models/slow/versions/1/config']) {
    const config = (await (await house.fetch(path)).json()) as Record<string, unknown>
    assert(Number(config.max_batch_size) >= 1)
    assert.deepEqual(
      { ...config, max_batch_size: 0 },
      {
        name: 'slow',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        max_batch_size: 0,
        input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [512] }],
        output: [{ name: 'y', data_type: 'TYPE_FP32', dims: [512] }],
        dynamic_batching: {},
      },
    )
  }
})
