import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  inferenceModel,
  inferenceModels,
  type Model,
  modelList,
  model as modelSchema,
  predictionList,
  repositoryIndex,
  statistics,
} from '@roundhouse/sdk/contract'
import { type TestHouse, type TestUser, testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'

type Fetch = TestHouse['fetch']

const bytes = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
const row = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }
const named = { input_data: { x: [[1, 2]] } }

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

async function pushed(fetchAs: Fetch, name: string, fields: Record<string, string> = {}): Promise<Model> {
  const form = new FormData()
  for (const [field, value] of Object.entries({ name, ...fields })) form.set(field, value)
  form.set('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), 'model.onnx')
  const response = await fetchAs('/api/v1/models', { method: 'POST', body: form })
  const text = await response.text()
  assert.equal(response.status, 201, text)
  return modelSchema.parse(JSON.parse(text))
}

describe('ownership of models', () => {
  let house: TestHouse
  let owner: TestUser
  let other: TestUser
  before(async () => {
    house = await testHouse({ after() {} })
    owner = await house.user()
    other = await house.user()
  })
  after(() => house?.close())

  test('what a user uploads is theirs and private; the service-role key uploads for the house', async () => {
    const mine = await pushed(owner.fetch, 'whose')
    assert.deepEqual([mine.owner_id, mine.visibility], [owner.id, 'private'])
    assert.equal((await pushed(house.fetch, 'whose')).owner_id, null)
  })

  test('a private model of another is answered byte for byte as one that does not exist', async () => {
    const { id } = await pushed(owner.fetch, 'hidden')
    const absent = { id: randomUUID(), name: 'absent' }
    const paths: [string, RequestInit?][] = [
      ['/api/v1/models/ID'],
      ['/api/v1/models/ID', json('PATCH', { description: 'mine' })],
      ['/api/v1/models/ID', { method: 'DELETE' }],
      ['/api/v1/models/ID/validate', { method: 'POST' }],
      ['/api/v1/models/ID/upload', { method: 'POST', body: new FormData() }],
      ['/api/v1/models/ID/predict', json('POST', named)],
      ['/api/v1/models/ID/predictions'],
      ['/api/v1/models/by-name/NAME/latest'],
      ['/api/v1/models/by-name/NAME/versions'],
      ...['', '/ready', '/config', '/stats'].flatMap((rest): [string][] => [
        [`/v2/models/NAME${rest}`],
        [`/v2/models/NAME/versions/1${rest}`],
      ]),
      ['/v2/models/NAME/infer', json('POST', row)],
      ['/v2/models/NAME/versions/1/infer', json('POST', row)],
      ['/v2/repository/models/NAME/load', json('POST', {})],
      ['/v2/repository/models/NAME/unload', json('POST', {})],
    ]
    const answer = async (
      fetchAs: Fetch,
      target: { id: string; name: string },
      [path, init]: [string, RequestInit?],
    ) => {
      const response = await fetchAs(path.replace('ID', target.id).replace('NAME', target.name), init)
      const text = (await response.text()).replaceAll(target.id, 'ID').replaceAll(target.name, 'NAME')
      return [response.status, text.replace(/"request_id":"[^"]+"/, '')]
    }
    for (const call of paths) {
      const there = await answer(other.fetch, { id, name: 'hidden' }, call)
      assert.deepEqual(there, await answer(other.fetch, absent, call), call[0])
      assert.equal(there[0], 404, call[0])
      const stranger = await answer(house.anonymous, { id, name: 'hidden' }, call)
      assert.deepEqual(stranger, await answer(house.anonymous, absent, call), call[0])
      assert.equal(stranger[0], 401, call[0])
    }
    assert.equal((await owner.fetch(`/api/v1/models/${id}/predict`, json('POST', named))).status, 201)
    assert.equal((await owner.fetch('/v2/models/hidden/infer', json('POST', row))).status, 200)
  })

  test('lists, the index and statistics hold what the caller may see and nothing else', async () => {
    await pushed(owner.fetch, 'list-private')
    await pushed(owner.fetch, 'list-users', { visibility: 'users' })
    await pushed(owner.fetch, 'list-public', { visibility: 'public' })
    const mine = (names: readonly string[]) =>
      [...new Set(names)].filter(name => name.startsWith('list-')).sort()
    const lists = async (fetchAs: Fetch) => {
      const read = async (path: string, init?: RequestInit): Promise<unknown> =>
        (await fetchAs(path, init)).json()
      return [
        modelList.parse(await read('/api/v1/models?limit=100')).data.map(({ name }) => name),
        inferenceModels.parse(await read('/v2/models')).models,
        statistics.parse(await read('/v2/models/stats')).model_stats.map(({ name }) => name),
        repositoryIndex.parse(await read('/v2/repository/index', json('POST', {}))).map(({ name }) => name),
      ].map(mine)
    }
    const all = ['list-private', 'list-public', 'list-users']
    for (const fetchAs of [owner.fetch, house.fetch])
      for (const names of await lists(fetchAs)) assert.deepEqual(names, all)
    for (const names of await lists(other.fetch)) assert.deepEqual(names, ['list-public', 'list-users'])
    const health = (await (await house.anonymous('/api/v1/health')).json()) as { models: Model[] }
    assert.deepEqual(mine(health.models.map(({ name }) => name)), ['list-public'])
  })

  test('a public model is shown to everyone and predicts for everyone, unless it costs credits', async () => {
    const { id } = await pushed(owner.fetch, 'open', { visibility: 'public' })
    assert.equal((await house.anonymous(`/api/v1/models/${id}`)).status, 200)
    assert.equal((await house.anonymous(`/api/v1/models/${id}/predict`, json('POST', named))).status, 201)
    for (const path of ['/v2/models/open', '/v2/models/open/ready', '/v2/models/open/config'])
      assert.equal((await house.anonymous(path)).status, 200, path)
    assert.equal((await house.anonymous('/v2/models/open/infer', json('POST', row))).status, 200)
    assert.equal((await other.fetch(`/api/v1/models/${id}`, json('PATCH', { price: 1 }))).status, 403)
    assert.equal((await owner.fetch(`/api/v1/models/${id}`, json('PATCH', { price: 1 }))).status, 200)
    assert.equal((await house.anonymous(`/api/v1/models/${id}/predict`, json('POST', named))).status, 401)
    assert.equal((await house.anonymous('/v2/models/open/infer', json('POST', row))).status, 401)
    assert.equal((await other.fetch('/v2/models/open/infer', json('POST', row))).status, 200)
  })

  test('nobody can put a model of theirs in the place of another’s name', async () => {
    const shared = await pushed(house.fetch, 'trusted', { visibility: 'users' })
    await pushed(other.fetch, 'trusted', { version: '99', visibility: 'public' })
    const metadata = async (fetchAs: Fetch) =>
      inferenceModel.parse(await (await fetchAs('/v2/models/trusted')).json()).versions
    for (const fetchAs of [owner.fetch, house.fetch]) {
      assert.deepEqual(await metadata(fetchAs), ['1'])
      const latest = await fetchAs('/api/v1/models/by-name/trusted/latest')
      assert.equal(modelSchema.parse(await latest.json()).id, shared.id)
      assert.equal((await fetchAs('/v2/models/trusted/versions/99/infer', json('POST', row))).status, 404)
    }
    assert.deepEqual(await metadata(other.fetch), ['99'])
  })

  test('a required model is the house’s: one of a user does not make the server ready', async t => {
    const waiting = await testHouse(t, { REQUIRED_MODELS: 'needed' })
    const user = await waiting.user()
    await pushed(user.fetch, 'needed', { visibility: 'public' })
    assert.equal((await waiting.anonymous('/api/v1/ready')).status, 503)
    await pushed(waiting.fetch, 'needed')
    assert.equal((await waiting.anonymous('/api/v1/ready')).status, 200)
  })

  test('the history of a model shows a caller their own calls, and the service-role key all', async () => {
    const { id } = await pushed(owner.fetch, 'noted', { visibility: 'public' })
    for (const fetchAs of [owner.fetch, other.fetch, house.fetch, house.anonymous])
      assert.equal((await fetchAs(`/api/v1/models/${id}/predict`, json('POST', named))).status, 201)
    const users = async (fetchAs: Fetch) => {
      const response = await fetchAs(`/api/v1/models/${id}/predictions`)
      return predictionList.parse(await response.json()).data.map(({ user_id }) => user_id)
    }
    assert.deepEqual(await users(owner.fetch), [owner.id])
    assert.deepEqual(await users(other.fetch), [other.id])
    assert.deepEqual(await users(house.fetch), [null, null, other.id, owner.id])
  })
})
