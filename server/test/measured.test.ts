import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, isProblem } from '@roundhouse/sdk'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'

const secret = 'key-that-nobody-is-told'
const house = await testHouse({ after }, { METRICS_SAMPLE_SECONDS: '1', OPENAI_API_KEY: secret })
const administrator = await house.user({ role: 'admin' })
const [owner, stranger] = [await house.user(), await house.user()]
const client = (key: string) => createClient({ baseUrl: house.url, token: key })
const { admin } = client(administrator.key)
const begin = new Date(Date.now() - 60_000).toISOString()

const form = new FormData()
form.set('name', 'mine')
form.set(
  'file',
  new Blob([mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }) as Uint8Array<ArrayBuffer>]),
  'model.onnx',
)
const model = (await (await owner.fetch('/api/v1/models', { method: 'POST', body: form })).json()) as {
  id: string
}
const input = json('POST', { input_data: { x: [[0.5, 0.5]] } })
const predict = () => owner.fetch(`/api/v1/models/${model.id}/predict`, input)
await predict()
for (let i = 0; i < 4; i++) assert.equal((await predict()).status, 201)
assert.equal((await owner.fetch(`/api/v1/models/${model.id}/predict`, json('POST', {}))).status, 400)

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0)
const measured = () => admin.metrics({ from: begin })
await until(async () => sum((await measured()).series.predictions) === 5, 'what was predicted is measured')

test('what the server did is there as columns, a value for each point', async () => {
  const { at, seconds, series, since, step_seconds } = await measured()
  assert.equal(step_seconds, 1)
  assert.ok(since !== null && since > begin)
  for (const [name, values] of Object.entries(series)) assert.equal(values.length, at.length, name)
  assert.equal(sum(series.cache_hits), 4)
  assert.equal(sum(series.cache_misses), 1)
  assert.ok(sum(series.client_errors) >= 1)
  assert.ok(sum(series.requests) >= 7)
  assert.ok(sum(seconds) >= 1)
  const measuredAt = seconds.findLastIndex(value => value > 0)
  assert.ok((series.memory_bytes[measuredAt] ?? 0) > 10_000_000)
  assert.ok((series.database_bytes[measuredAt] ?? 0) > 1_000_000)
  assert.equal(series.processes[measuredAt], 1)
  assert.equal(series.models_loaded[measuredAt], 1)
})

test('where nothing was measured there is nothing, not zero', async () => {
  const { seconds, series } = await measured()
  assert.equal(seconds[0], 0)
  assert.equal(series.requests[0], null)
  assert.equal(series.latency_p95_ms[0], null)
})

test('percentiles stand in their order, where something was timed', async () => {
  const { series } = await measured()
  const timed = series.latency_p50_ms.flatMap((p50, i) => {
    const [p95, p99] = [series.latency_p95_ms[i], series.latency_p99_ms[i]]
    return p50 === null ? [] : [[p50, p95 ?? 0, p99 ?? 0] as const]
  })
  assert.ok(timed.length > 0)
  for (const [p50, p95, p99] of timed) assert.ok(p50 > 0 && p50 <= p95 && p95 <= p99)
})

test('who may see a model sees how it was called, and nobody else does', async () => {
  const { models } = client(owner.key)
  const { series } = await models.metrics(model.id, { from: begin })
  assert.equal(sum(series.calls), 5)
  assert.equal(sum(series.cache_hits), 4)
  assert.equal(sum(series.errors), 0)
  assert.equal(series.time_p50_ms.filter(ms => ms !== null).length, 1, 'one call was computed')
  await until(async () => {
    const { seconds, series } = await models.metrics(model.id, { from: begin })
    return seconds.some((length, i) => length > 0 && series.calls[i] === 0)
  }, 'a slot without calls is known to be one')
  assert.equal(
    sum((await client(administrator.key).models.metrics(model.id, { from: begin })).series.calls),
    5,
  )
  await assert.rejects(client(stranger.key).models.metrics(model.id), problemOf('model-not-found'))
})

test('the overview says how things stand', async () => {
  await until(async () => (await admin.overview()).requests_per_minute !== null, 'a slot is over')
  const overview = await admin.overview()
  assert.deepEqual(
    overview.parts.map(({ name, state }) => `${name} ${state}`),
    ['api healthy', 'database healthy', 'queue healthy', 'cache healthy', 'storage healthy'],
  )
  for (const { since } of overview.parts) assert.ok(since >= begin)
  assert.equal(overview.error_rate, 0)
  assert.equal(overview.cache_hit_rate, 0.8)
  assert.ok((overview.latency_p95_ms ?? 0) > 0)
  assert.equal(overview.credits_today, 0)
  assert.deepEqual(
    overview.models.map(({ id, state }) => [id, state]),
    [[model.id, 'ready']],
  )
  assert.deepEqual(overview.failures, [])
})

test('what failed is told with its reason', async () => {
  const broken = new FormData()
  broken.set('name', 'broken')
  broken.set('file', new Blob(['no model']), 'model.onnx')
  assert.equal((await owner.fetch('/api/v1/models', { method: 'POST', body: broken })).ok, false)
  const { data } = await client(owner.key).models.list({ name: 'broken' })
  const { failures } = await admin.overview()
  assert.deepEqual(
    failures.map(({ kind, id }) => [kind, id]),
    data.map(({ id }) => ['model', id]),
  )
})

test('what runs here is told without a secret', async () => {
  const server = await admin.server()
  assert.equal(server.environment, 'test')
  assert.ok(server.migrations.every(({ applied_at }) => applied_at !== null))
  assert.ok(server.migrations.some(({ name }) => name.startsWith('0001_')))
  const sizes = server.tables.map(({ bytes }) => bytes)
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => b - a),
  )
  assert.ok(server.tables.some(({ name }) => name === 'users'))
  const settings = new Map(server.settings.map(setting => [setting.name, setting]))
  assert.deepEqual(
    [settings.get('METRICS_SAMPLE_SECONDS')?.value, settings.get('METRICS_SAMPLE_SECONDS')?.is_default],
    ['1', false],
  )
  const database = settings.get('DATABASE_URL')
  assert.deepEqual([database?.is_secret, database?.is_set, database?.value], [true, true, null])
  assert.equal(server.adapters.find(({ name }) => name === 'Database')?.kind, 'PostgreSQL')
  assert.equal(JSON.stringify(server).includes(secret), false)
})

test('a time that makes no sense is refused in words', async () => {
  await assert.rejects(
    admin.metrics({ from: '2026-11-22', to: '2026-11-21' }),
    (error: unknown) =>
      isProblem(error) && error.code === 'invalid-request' && /before to/.test(error.message),
  )
})

function problemOf(code: string) {
  return (error: unknown) => isProblem(error) && error.code === code
}
