import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Model } from '../contract/model.ts'
import { serveReplies } from '../testing/serve.ts'
import { type Client, createClient } from './client.ts'

const model: Model = {
  id: '0199a6e0-0000-7000-8000-000000000001',
  owner_id: null,
  name: 'price',
  version: '1',
  description: null,
  status: 'ready',
  error: null,
  visibility: 'private',
  price: 0,
  kind: null,
  format: 'onnx',
  file_hash: 'ab',
  file_size_bytes: 10,
  input_schema: [{ name: 'x', dtype: 'FP32', shape: [null, 2] }],
  output_schema: [{ name: 'y', dtype: 'FP32', shape: [null] }],
  metadata: { producer: 'pytorch' },
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:00.000Z',
}

/** A client of a server that gives the replies (status and body) in turn and notes what it was asked. */
async function connect(
  t: TestContext,
  ...replies: [number, unknown][]
): Promise<{ client: Client; asked: string[] }> {
  const { baseUrl, asked } = await serveReplies(t, ...replies)
  return { client: createClient({ baseUrl: `${baseUrl}/` }), asked }
}

test('lists by filter, and iterates over every page', async t => {
  const second = { ...model, version: '2' }
  const { client, asked } = await connect(
    t,
    [200, { data: [model], next_cursor: null }],
    [200, { data: [model], next_cursor: 'a+b' }],
    [200, { data: [second], next_cursor: null }],
  )
  const page = await client.models.list({ name: 'price', status: 'ready', limit: 5 })
  assert.deepEqual(page, { data: [model], next_cursor: null })
  const versions: string[] = []
  for await (const { version } of client.models.iterate({ limit: 1 })) versions.push(version)
  assert.deepEqual(versions, ['1', '2'])
  assert.deepEqual(asked, [
    'GET /api/v1/models?limit=5&name=price&status=ready',
    'GET /api/v1/models?limit=1',
    'GET /api/v1/models?limit=1&cursor=a%2Bb',
  ])
})

test('walks a model through its life', async t => {
  const valid = {
    valid: true,
    error: null,
    input_schema: [],
    output_schema: [],
    metadata: {},
    status: 'ready',
  }
  const { client, asked } = await connect(
    t,
    [201, { ...model, status: 'pending' }],
    [200, valid],
    [200, model],
    [200, { data: [model], next_cursor: null }],
    [200, model],
    [200, { ...model, visibility: 'public' }],
    [204, undefined],
  )
  const { models } = client
  assert.equal((await models.create({ name: 'price', version: '1' })).status, 'pending')
  assert.deepEqual(await models.validate('i'), valid)
  assert.deepEqual(await models.get('i'), model)
  assert.deepEqual((await models.versions('price')).data, [model])
  assert.deepEqual(await models.latest('price'), model)
  assert.equal((await models.update('i', { visibility: 'public' })).visibility, 'public')
  assert.equal(await models.remove('i'), undefined)
  assert.deepEqual(asked, [
    'POST /api/v1/models {"name":"price","version":"1"}',
    'POST /api/v1/models/i/validate',
    'GET /api/v1/models/i',
    'GET /api/v1/models/by-name/price/versions',
    'GET /api/v1/models/by-name/price/latest',
    'PATCH /api/v1/models/i {"visibility":"public"}',
    'DELETE /api/v1/models/i',
  ])
})

test('predicts, and reads the history', async t => {
  const prediction = {
    id: '0199a6e0-0000-7000-8000-000000000002',
    model_id: model.id,
    output_data: { y: [0.5] },
    inference_time_ms: 0.2,
    cached: false,
    created_at: model.created_at,
  }
  const { output_data, ...rest } = prediction
  const record = {
    ...rest,
    model_version: '1',
    user_id: null,
    request_id: 'r',
    input_data: null,
    output_data,
    status: 'ok',
    error: null,
  }
  const { client, asked } = await connect(t, [201, prediction], [200, { data: [record], next_cursor: 'n' }])
  const got = await client.models.predict('i', { x: new Float32Array([1, 2]) }, { skipCache: true })
  assert.deepEqual(got, prediction)
  assert.deepEqual(await client.models.predictions('i', { cursor: 'c' }), {
    data: [record],
    next_cursor: 'n',
  })
  assert.deepEqual(asked, [
    'POST /api/v1/models/i/predict {"input_data":{"x":[1,2]},"skip_cache":true}',
    'GET /api/v1/models/i/predictions?cursor=c',
  ])
})

test('tells what is in memory and serves, and what the server takes at most', async t => {
  const since = '2026-11-21T12:00:00.000Z'
  const memory = { state: 'ready', serves: true, since, required: false, load_ms: 12, reason: null }
  const states = { data: [{ id: model.id, name: 'price', version: '1', ...memory }] }
  const used = { versions: 2, max_versions: null, bytes: 10, max_bytes: 100 }
  const limits = { model_file_bytes: 5, file_bytes: 6, predict_body_bytes: 7, models: used }
  const { client, asked } = await connect(t, [200, states], [200, limits])
  assert.deepEqual(await client.models.states(), states)
  assert.deepEqual(await client.limits(), limits)
  assert.deepEqual(asked, ['GET /api/v1/models/states', 'GET /api/v1/limits'])
})

test('an id is one segment of the path, whatever it holds', async t => {
  const { client, asked } = await connect(t, [200, model])
  await client.models.get('a/b?c')
  assert.deepEqual(asked, ['GET /api/v1/models/a%2Fb%3Fc'])
  for (const id of ['', '.', '..']) await assert.rejects(client.models.remove(id), TypeError)
  assert.equal(asked.length, 1)
})

test('not being ready is an answer, but the page of a proxy is a problem', async t => {
  const notReady = { ready: false, reasons: ['The model price is loading.'], degraded: [] }
  const { client, asked } = await connect(t, [503, notReady], [503, 'no upstream'], [200, { live: true }])
  assert.deepEqual(await client.health.ready(), notReady)
  await assert.rejects(client.health.ready(), { name: 'Problem', status: 503 })
  assert.deepEqual(await client.health.live(), { live: true })
  assert.deepEqual(asked, ['GET /api/v1/ready', 'GET /api/v1/ready', 'GET /api/v1/live'])
})

test('reads and resets the counters of the cache', async t => {
  const metrics = { hits: 1, misses: 1, hit_rate: 0.5, size: 1, ttl_seconds: 300, backend: 'memory' }
  const reset = { ...metrics, hits: 0, misses: 0, hit_rate: 0 }
  const { client, asked } = await connect(t, [200, metrics], [200, reset])
  assert.deepEqual(await client.cache.metrics(), metrics)
  assert.deepEqual(await client.cache.reset(), reset)
  assert.deepEqual(asked, ['GET /api/v1/cache/metrics', 'POST /api/v1/cache/metrics/reset'])
})

test('a base URL without a scheme is refused when the client is made', () => {
  assert.throws(
    () => createClient({ baseUrl: 'localhost:3000' }),
    /http:\/\/ or https:\/\/, got "localhost:3000"/,
  )
})
