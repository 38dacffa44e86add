import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { modelList, model as modelSchema, predictionList, validation } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../src/accounts/caller.ts'
import { testHouse } from '../src/testing/house.ts'
import { fixedModel, identityModel, mlpModel } from '../src/testing/onnx/models.ts'

const mlp = mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 })
const identity = identityModel('FP32', ['N', 2])

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

function form(file: Uint8Array, fields: Record<string, string> = {}): RequestInit {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  body.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
  return { method: 'POST', body }
}

async function code(response: Response): Promise<[number, unknown]> {
  return [response.status, ((await response.json()) as { code?: string }).code]
}

async function storedFiles(dataDir: string): Promise<number> {
  return (await readdir(join(dataDir, 'files', 'objects'), { recursive: true }).catch(() => [])).length
}

test('a version goes from pending over uploaded to ready, and then predicts', async t => {
  const { fetch, predict } = await testHouse(t)
  const created = await fetch('/api/v1/models', json('POST', { name: 'iris', description: 'flowers' }))
  assert.equal(created.status, 201)
  const pending = modelSchema.parse(await created.json())
  assert.deepEqual([pending.status, pending.version, pending.file_hash], ['pending', '1', null])
  assert.deepEqual(await code(await fetch(`/api/v1/models/${pending.id}/validate`, { method: 'POST' })), [
    409,
    'model-state',
  ])

  const uploaded = modelSchema.parse(
    await (await fetch(`/api/v1/models/${pending.id}/upload`, form(mlp))).json(),
  )
  assert.equal(uploaded.status, 'uploaded')
  assert.equal(uploaded.file_hash, createHash('sha256').update(mlp).digest('hex'))
  assert.equal(uploaded.file_size_bytes, mlp.byteLength)
  assert.deepEqual(await code(await fetch(`/api/v1/models/${pending.id}/upload`, form(mlp))), [
    409,
    'model-has-file',
  ])
  assert.equal((await predict(pending.id, { x: [[1, 2, 3]] })).status, 409)

  const validated = validation.parse(
    await (await fetch(`/api/v1/models/${pending.id}/validate`, { method: 'POST' })).json(),
  )
  assert.deepEqual(
    [validated.valid, validated.status, validated.input_schema, validated.output_schema],
    [
      true,
      'ready',
      [{ name: 'x', dtype: 'FP32', shape: [null, 3] }],
      [{ name: 'y', dtype: 'FP32', shape: [null, 2] }],
    ],
  )
  const { status, body } = await predict(pending.id, { x: [[1, 2, 3]] })
  assert.equal(status, 201)
  assert.equal(body.model_id, pending.id)
})

test('a file that is not a model is answered with the reason, and may not be predicted with', async t => {
  const { fetch, push, predict } = await testHouse(t)
  const { id } = modelSchema.parse(
    await (await fetch('/api/v1/models', json('POST', { name: 'junk' }))).json(),
  )
  await fetch(`/api/v1/models/${id}/upload`, form(randomBytes(500)))
  const refused = validation.parse(
    await (await fetch(`/api/v1/models/${id}/validate`, { method: 'POST' })).json(),
  )
  assert.deepEqual([refused.valid, refused.status, refused.input_schema], [false, 'error', null])
  assert.ok(refused.error)
  assert.deepEqual(await code(await push('junk', randomBytes(500), { version: '2' })), [422, 'invalid-model'])
  assert.equal((await predict(id, { x: [[1]] })).status, 409)
})

test('one call creates, uploads, validates and warms; versions count up by themselves and a taken one is refused', async t => {
  const { fetch, push, pushed } = await testHouse(t)
  const first = await pushed('price', mlp)
  const second = await pushed('price', mlp, { description: 'better', price: '3', visibility: 'users' })
  const named = await pushed('price', mlp, { version: 'v10' })
  assert.deepEqual([first.version, second.version, named.version], ['1', '2', 'v10'])
  assert.deepEqual(
    [second.status, second.price, second.visibility, second.description],
    ['ready', 3, 'users', 'better'],
  )
  assert.deepEqual(await code(await push('price', mlp, { version: '2' })), [409, 'model-exists'])
  const versions = modelList.parse(await (await fetch('/api/v1/models/by-name/price/versions')).json())
  assert.deepEqual(
    versions.data.map(model => model.version),
    ['v10', '2', '1'],
  )
  assert.equal(
    modelSchema.parse(await (await fetch('/api/v1/models/by-name/price/latest')).json()).version,
    'v10',
  )
  assert.deepEqual(await code(await fetch('/api/v1/models/by-name/nobody/latest')), [404, 'model-not-found'])
})

test('ten uploads of one name at once become ten versions', async t => {
  const { pushed } = await testHouse(t)
  const models = await Promise.all(Array.from({ length: 10 }, () => pushed('rush', identity)))
  assert.deepEqual(
    models.map(model => Number(model.version)).sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
})

test('the list comes in pages, newest first, and is narrowed by name and status', async t => {
  const { fetch } = await testHouse(t)
  for (let version = 1; version <= 5; version++)
    await fetch('/api/v1/models', json('POST', { name: version % 2 ? 'odd' : 'even' }))
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = modelList.parse(
      await (await fetch(`/api/v1/models?limit=2${cursor && `&cursor=${cursor}`}`)).json(),
    )
    assert.ok(page.data.length <= 2)
    seen.push(...page.data.map(model => `${model.name}${model.version}`))
    cursor = page.next_cursor
  }
  assert.deepEqual(seen, ['odd3', 'even2', 'odd2', 'even1', 'odd1'])
  const odd = modelList.parse(await (await fetch('/api/v1/models?name=odd&status=pending')).json())
  assert.equal(odd.data.length, 3)
  assert.deepEqual(await code(await fetch('/api/v1/models?cursor=nonsense')), [400, 'invalid-request'])
  assert.deepEqual(await code(await fetch('/api/v1/models?limit=0')), [400, 'invalid-request'])
})

test('archiving takes a version out of service and bringing it back puts it in again', async t => {
  const { fetch, pushed, predict } = await testHouse(t)
  const old = await pushed('price', mlp)
  const current = await pushed('price', identity)
  const change = (id: string, body: unknown) => fetch(`/api/v1/models/${id}`, json('PATCH', body))
  assert.equal((await change(current.id, { status: 'archived' })).status, 200)
  assert.equal((await predict(current.id, { x: [[1, 2]] })).status, 409)
  assert.equal(
    modelSchema.parse(await (await fetch('/api/v1/models/by-name/price/latest')).json()).id,
    old.id,
  )
  assert.equal((await change(current.id, { status: 'ready', description: 'back' })).status, 200)
  assert.equal((await predict(current.id, { x: [[1, 2]] })).status, 201)
  assert.deepEqual(await code(await change(current.id, {})), [400, 'invalid-request'])
  assert.deepEqual(await code(await change(current.id, { owner: 'me' })), [400, 'invalid-request'])
})

test('deleting removes the row, the bytes and the history', async t => {
  const house = await testHouse(t)
  const model = await house.pushed('gone', identity)
  await house.predict(model.id, { x: [[1, 2]] })
  assert.ok((await storedFiles(house.dataDir)) > 0)
  const answer = await house.fetch(`/api/v1/models/${model.id}`, { method: 'DELETE' })
  assert.equal(answer.status, 204)
  assert.equal(await storedFiles(house.dataDir), 0)
  assert.deepEqual(await code(await house.fetch(`/api/v1/models/${model.id}`)), [404, 'model-not-found'])
  assert.equal((await house.predict(model.id, { x: [[1, 2]] })).status, 404)
  assert.deepEqual(await code(await house.fetch(`/api/v1/models/${model.id}`, { method: 'DELETE' })), [
    404,
    'model-not-found',
  ])
})

test('equal inputs are answered from the cache until it is skipped or counted anew', async t => {
  const { fetch, pushed, predict } = await testHouse(t)
  const { id } = await pushed('cached', identity)
  const first = await predict(id, { x: [[1, 2]] })
  const second = await predict(id, { x: [[1, 2]] })
  const other = await predict(id, { x: [[1, 3]] })
  const skipped = await predict(id, { x: [[1, 2]] }, { skip_cache: true })
  assert.deepEqual(
    [first, second, other, skipped].map(({ headers }) => headers.get('x-cache')),
    ['MISS', 'HIT', 'MISS', 'MISS'],
  )
  assert.deepEqual([first.body.cached, second.body.cached], [false, true])
  assert.deepEqual(second.body.output_data, first.body.output_data)
  assert.notEqual(second.body.id, first.body.id)
  const metrics = (await (await fetch('/api/v1/cache/metrics')).json()) as Record<string, unknown>
  assert.deepEqual(
    [metrics.hits, metrics.misses, metrics.hit_rate, metrics.size, metrics.backend],
    [1, 2, 1 / 3, 2, 'memory'],
  )
  const reset = (await (await fetch('/api/v1/cache/metrics/reset', { method: 'POST' })).json()) as Record<
    string,
    unknown
  >
  assert.deepEqual([reset.hits, reset.misses, reset.hit_rate], [0, 0, 0])
})

test('the history holds every prediction, newest first, with its request id, inputs and outputs', async t => {
  const { fetch, pushed, predict } = await testHouse(t)
  const { id } = await pushed('noted', identityModel('INT64', ['N']))
  for (const value of [1, 2, 3]) await predict(id, { x: [value] })
  await fetch('/v2/models/noted/infer', {
    ...json('POST', { inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [4] }] }),
    headers: { 'content-type': 'application/json', 'x-request-id': 'the-fourth' },
  })
  const page = predictionList.parse(await (await fetch(`/api/v1/models/${id}/predictions?limit=2`)).json())
  assert.deepEqual(
    page.data.map(row => row.output_data),
    [{ y: [4] }, { y: [3] }],
  )
  assert.equal(page.data[0]?.request_id, 'the-fourth')
  assert.deepEqual(page.data[1]?.input_data, { x: [3] })
  const rest = predictionList.parse(
    await (await fetch(`/api/v1/models/${id}/predictions?cursor=${page.next_cursor}`)).json(),
  )
  assert.deepEqual(
    rest.data.map(row => row.output_data),
    [{ y: [2] }, { y: [1] }],
  )
  assert.equal(rest.next_cursor, null)
})

test('integers beyond 2^53 are exact in the answer and in the history', async t => {
  const { fetch, pushed } = await testHouse(t)
  const { id } = await pushed('exact', identityModel('INT64', ['N']))
  const body = '{"input_data":{"x":[9223372036854775807,-9007199254740993]}}'
  const answer = await fetch(`/api/v1/models/${id}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  assert.match(await answer.text(), /"output_data":\{"y":\[9223372036854775807,-9007199254740993\]\}/)
  assert.match(
    await (await fetch(`/api/v1/models/${id}/predictions`)).text(),
    /"input_data":\{"x":\[9223372036854775807,-9007199254740993\]\}/,
  )
})

test('a history without data, or none at all, is kept when so configured', async t => {
  const metadata = await testHouse(t, { PREDICTION_HISTORY: 'metadata' })
  const first = await metadata.pushed('m', identity)
  await metadata.predict(first.id, { x: [[1, 2]] })
  const kept = predictionList.parse(
    await (await metadata.fetch(`/api/v1/models/${first.id}/predictions`)).json(),
  )
  assert.deepEqual(
    kept.data.map(row => [row.input_data, row.output_data, row.status]),
    [[null, null, 'ok']],
  )
  const off = await testHouse(t, { PREDICTION_HISTORY: 'off' })
  const second = await off.pushed('m', identity)
  await off.predict(second.id, { x: [[1, 2]] })
  assert.deepEqual(
    predictionList.parse(await (await off.fetch(`/api/v1/models/${second.id}/predictions`)).json()).data,
    [],
  )
})

test('an idle model leaves memory after its time to live and comes back when it is asked', async t => {
  const { house, fetch, pushed, predict } = await testHouse(t, { CACHE_MODEL_TTL: '1' })
  const { id } = await pushed('idle', fixedModel())
  const state = () =>
    house.serving.states(serviceCaller('test')).find(({ model }) => model.id === id)?.state.tag
  assert.equal(state(), 'warm')
  while (state() !== 'absent') await new Promise(resolve => setTimeout(resolve, 50))
  const [spec] = modelSchema.parse(await (await fetch(`/api/v1/models/${id}`)).json()).input_schema ?? []
  assert.ok(spec)
  const zeros = (shape: (number | null)[]): unknown =>
    shape.length === 0 ? 0 : Array.from({ length: shape[0] ?? 1 }, () => zeros(shape.slice(1)))
  assert.equal((await predict(id, { [spec.name]: zeros(spec.shape) })).status, 201)
  assert.equal(state(), 'warm')
})

test('a version that serves goes on serving while it is validated again, and is out of service once its bytes are damaged', async t => {
  const house = await testHouse(t)
  const { id } = await house.pushed('again', mlp)
  const states = new Set<string>()
  let watching = true
  const watch = (async () => {
    while (watching) {
      const row = modelSchema.parse(await (await house.fetch(`/api/v1/models/${id}`)).json())
      states.add(`${row.status} ${(await house.predict(id, { x: [[1, 2, 3]] })).status}`)
    }
  })()
  const again = await house.fetch(`/api/v1/models/${id}/validate`, { method: 'POST' }).finally(() => {
    watching = false
  })
  await watch
  assert.deepEqual([...states], ['ready 201'])
  assert.equal(validation.parse(await again.json()).valid, true)

  const [file] = await readdir(join(house.dataDir, 'files', 'objects'))
  await appendFile(join(house.dataDir, 'files', 'objects', file ?? ''), 'x')
  const damaged = validation.parse(
    await (await house.fetch(`/api/v1/models/${id}/validate`, { method: 'POST' })).json(),
  )
  assert.deepEqual([damaged.valid, damaged.status], [false, 'error'])
  assert.equal((await house.predict(id, { x: [[1, 2, 3]] })).status, 409)
})
