import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { model as modelSchema } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { type TestHouse, type TestUser, testHouse } from '../../testing/house.ts'
import { mlpModel } from '../../testing/onnx/models.ts'
import { until } from '../../testing/until.ts'

const file = mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 })

function form(bytes: Uint8Array, name?: string): RequestInit {
  const body = new FormData()
  if (name !== undefined) body.set('name', name)
  body.set('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), 'model.onnx')
  return { method: 'POST', body }
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

async function answer(reply: Promise<Response>): Promise<[number, string | undefined]> {
  const response = await reply
  return [response.status, ((await response.json()) as { code?: string }).code]
}

/** An upload that has begun and waits to be ended: `end` gives the status. */
function openUpload(house: TestHouse, user: TestUser, headers: Record<string, string> = {}) {
  const sent = request(`${house.url}/api/v1/models`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${user.key}`,
      'content-type': 'multipart/form-data; boundary=x',
      ...headers,
    },
  })
  const status = new Promise<number>((resolve, reject) => {
    sent.on('response', response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
  })
  sent.write('--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nslow\r\n')
  sent.write('--x\r\ncontent-disposition: form-data; name="file"; filename="m.onnx"\r\n\r\n')
  return { sent, status }
}

async function limit(house: TestHouse, change: object): Promise<void> {
  const reply = await house.fetch('/api/v1/admin/plans/free', { ...json(change), method: 'PATCH' })
  assert.equal(reply.status, 200, await reply.text())
}

test('beyond the models of their plan a user is told what to do, and after removing one may upload again', async t => {
  const house = await testHouse(t)
  await limit(house, { max_models: 2, max_model_bytes: 20_000_000_000 })
  const user = await house.user({ plan: 'free' })
  const first = modelSchema.parse(await (await user.fetch('/api/v1/models', form(file, 'a'))).json())
  assert.equal((await user.fetch('/api/v1/models', json({ name: 'b' }))).status, 201)
  const refused = [403, 'quota-exceeded']
  assert.deepEqual(await answer(user.fetch('/api/v1/models', json({ name: 'c' }))), refused)
  assert.deepEqual(await answer(user.fetch('/api/v1/models', form(file, 'c'))), refused)
  assert.equal((await user.fetch(`/api/v1/models/${first.id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await user.fetch('/api/v1/models', form(file, 'c'))).status, 201)
  const me = (await (await user.fetch('/api/v1/me')).json()) as { plan: Record<string, unknown> }
  assert.deepEqual([me.plan.max_models, me.plan.max_model_bytes], [2, 20_000_000_000])
  for (const name of ['a', 'b', 'c', 'd'])
    assert.equal((await house.fetch('/api/v1/models', json({ name }))).status, 201)
})

test('a file beyond the bytes of the plan is refused before it is read where the request says its size, else on the way', async t => {
  const house = await testHouse(t)
  await limit(house, { max_model_bytes: 100_000 })
  const user = await house.user({ plan: 'free' })
  const refused = [403, 'quota-exceeded']
  // The body never comes: only its length can have been read.
  const announced = openUpload(house, user, { 'content-length': '300000' })
  assert.equal(await announced.status, 403)
  announced.sent.destroy()
  // Of unknown length: told while more could still come.
  const endless = openUpload(house, user)
  endless.sent.write(Buffer.alloc(150_000))
  assert.equal(await endless.status, 403)
  endless.sent.destroy()
  assert.deepEqual(await answer(user.fetch('/api/v1/models', form(new Uint8Array(120_000), 'big'))), refused)
  const { id } = (await (await user.fetch('/api/v1/models', json({ name: 'late' }))).json()) as { id: string }
  assert.deepEqual(
    await answer(user.fetch(`/api/v1/models/${id}/upload`, form(new Uint8Array(120_000)))),
    refused,
  )
  const { rows } = await sql`select from models where file_key is not null`.execute(
    house.ground.database.system,
  )
  assert.equal(rows.length, 0)
  const kept: string[] = []
  for await (const { key } of house.ground.files.list('objects/')) kept.push(key)
  assert.deepEqual(kept, [])
  assert.equal((await user.fetch('/api/v1/models', form(file, 'small'))).status, 201)
})

test('a user has at most the concurrent runs of their plan in uploads and validations, whoever else has how many', async t => {
  const house = await testHouse(t)
  await limit(house, { concurrent_runs: 2 })
  const user = await house.user({ plan: 'free' })
  const other = await house.user({ plan: 'free' })
  const made = await user.fetch('/api/v1/models', json({ name: 'pending' }))
  const { id } = modelSchema.parse(await made.json())
  const open = [openUpload(house, user), openUpload(house, user)]
  const busy = [429, 'rate-limited']
  const validate = () => user.fetch(`/api/v1/models/${id}/validate`, { method: 'POST' })
  await until(async () => (await validate()).status === 429, 'two uploads are under way')
  assert.equal((await validate()).headers.get('retry-after'), '1')
  assert.deepEqual(await answer(user.fetch('/api/v1/models', form(file, 'third'))), busy)
  assert.deepEqual(await answer(user.fetch(`/api/v1/models/${id}/upload`, form(file))), busy)
  assert.equal((await other.fetch('/api/v1/models', form(file, 'theirs'))).status, 201)
  assert.equal((await house.fetch('/api/v1/models', form(file, 'ours'))).status, 201)

  const [gone, finished] = open
  gone?.sent.destroy()
  await gone?.status.catch(() => {})
  finished?.sent.end(Buffer.concat([file, Buffer.from('\r\n--x--\r\n')]))
  assert.equal(await finished?.status, 201)
  await until(
    async () => (await user.fetch(`/api/v1/models/${id}/upload`, form(file))).status === 200,
    'the places are given back',
  )
  assert.equal((await validate()).status, 200)
})
