import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { CreatedKey } from '@roundhouse/sdk/contract'
import { type TestHouse, type TestUser, testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { codeOf, isReplayed, openSql, post } from './keyed-calls.ts'
import { uploadForm } from './server.ts'

const file = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
const atOnce = 100

async function keyNames(user: Pick<TestUser, 'fetch'>): Promise<string[]> {
  const { data } = (await (await user.fetch('/api/v1/keys')).json()) as { data: { name: string }[] }
  return data.map(key => key.name).filter(name => name !== 'test')
}

test('of 100 parallel posts with one key exactly one makes an API key; the others are told to wait, or get the same answer', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const replies = await Promise.all(
    Array.from({ length: atOnce }, async () => {
      const reply = await user.fetch('/api/v1/keys', post('one', { name: 'nightly' }))
      return { status: reply.status, replayed: isReplayed(reply), text: await reply.text() }
    }),
  )
  const done = replies.filter(reply => reply.status === 201)
  assert.equal(done.filter(reply => !reply.replayed).length, 1)
  assert.equal(new Set(done.map(reply => reply.text)).size, 1)
  for (const { status, text } of replies)
    if (status !== 201) assert.deepEqual([status, JSON.parse(text).code], [409, 'idempotency-running'])
  assert.deepEqual(await keyNames(user), ['nightly'])
})

test('a key is of one user and one request, and of no use to others', async t => {
  const house = await testHouse(t)
  const [user, other] = [await house.user(), await house.user()]
  const create = (who: TestUser, name: string, key = 'k') => who.fetch('/api/v1/keys', post(key, { name }))
  const mine = (await (await create(user, 'a')).json()) as CreatedKey
  const different = await create(user, 'b')
  assert.deepEqual([different.status, await codeOf(different)], [422, 'idempotency-mismatch'])
  const theirs = await create(other, 'a')
  assert.deepEqual([theirs.status, isReplayed(theirs)], [201, false])
  assert.notEqual(((await theirs.json()) as CreatedKey).key, mine.key)
  assert.equal(
    (await house.fetch('/api/v1/keys', post('k', { name: 'a' }))).headers.get('idempotency-replayed'),
    null,
  )
  for (const bad of ['x'.repeat(256), 'a\tb', '""'])
    assert.equal((await create(user, 'a', bad)).status, 400, JSON.stringify(bad))
  assert.deepEqual(await keyNames(user), ['a'])
})

test('a refused request leaves its key for the next try', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const create = (scopes: string[]) => user.fetch('/api/v1/keys', post('k', { name: 'n', scopes }))
  assert.equal((await create(['everything'])).status, 400)
  const missing = await user.fetch(
    '/api/v1/models/0190a6f0-0000-7000-8000-000000000000/validate',
    post('k', {}),
  )
  assert.equal(missing.status, 404)
  assert.equal((await create(['read'])).status, 201)
  assert.deepEqual(await keyNames(user), ['n'])
})

test('a replay is byte-equal after a restart and until 24 hours have passed; then the key is new', async t => {
  const { appUrl, adminUrl } = await testDatabase(t)
  const share = { databaseUrl: appUrl, dataDir: await temporaryFolder(t) }
  const sql = await openSql(t, adminUrl)
  const before = await testHouse(t, {}, { share })
  const user = await before.user()
  const create = async (house: TestHouse) => {
    const headers = { ...post('k', {}).headers, authorization: `Bearer ${user.key}` }
    const reply = await house.anonymous('/api/v1/keys', { ...post('k', { name: 'n' }), headers })
    assert.equal(reply.status, 201)
    return {
      bytes: Buffer.from(await reply.arrayBuffer()),
      type: reply.headers.get('content-type'),
      replayed: isReplayed(reply),
    }
  }
  const first = await create(before)
  await before.close()
  const house = await testHouse(t, {}, { share })
  assert.deepEqual(await create(house), { ...first, replayed: true })
  await sql.query(`update idempotency_keys set created_at = now() - interval '23:59:50'`)
  assert.deepEqual(await create(house), { ...first, replayed: true })
  await sql.query(`update idempotency_keys set created_at = now() - interval '24:00:01'`)
  const anew = await create(house)
  assert.equal(anew.replayed, false)
  assert.notDeepEqual(anew.bytes, first.bytes)
})

test('an upload in one call is made once, and its answer given again', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const push = (bytes: Uint8Array) =>
    user.fetch('/api/v1/models', {
      method: 'POST',
      body: uploadForm('priced', bytes),
      headers: { 'idempotency-key': '"upload-1"' },
    })
  const first = await push(file)
  const text = await first.text()
  assert.deepEqual([first.status, isReplayed(first)], [201, false], text)
  const again = await push(file)
  assert.deepEqual([again.status, isReplayed(again), await again.text()], [201, true, text])
  assert.equal((await push(new Uint8Array([...file, 0]))).status, 422)
  const { data } = (await (await user.fetch('/api/v1/models?name=priced')).json()) as { data: unknown[] }
  assert.equal(data.length, 1)
})

test('credits that are granted many times under one key are granted once', async t => {
  const house = await testHouse(t)
  const [admin, user] = [await house.user({ role: 'admin' }), await house.user()]
  const balance = async () => {
    const { balance } = (await (await user.fetch('/api/v1/credits')).json()) as { balance: number }
    return balance
  }
  const before = await balance()
  const grant = () =>
    admin.fetch(`/api/v1/admin/users/${user.id}/credits`, post('g', { amount: 7, reason: 'gift' }))
  const replies = await Promise.all(Array.from({ length: 20 }, grant))
  for (const { status } of replies) assert.ok(status === 200 || status === 409, `${status}`)
  const again = await grant()
  assert.deepEqual([again.status, isReplayed(again), await balance()], [200, true, before + 7])
})

test('a prediction under a key is the same prediction again', async t => {
  const house = await testHouse(t)
  const { id } = await house.pushed('m', file)
  const predict = () =>
    house.fetch(
      `/api/v1/models/${id}/predict`,
      post('p', { input_data: { x: [[0.5, 0.5]] }, skip_cache: true }),
    )
  const [first, again] = [await predict(), await predict()]
  assert.deepEqual([first.status, again.status, isReplayed(again)], [201, 201, true])
  assert.deepEqual(await again.text(), await first.text())
})

test('an inference under a key is charged once, whatever comes again, by both APIs', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const admin = await house.user({ role: 'admin' })
  const { id } = await house.pushed('m', file, { visibility: 'users', price: '5' })
  await admin.fetch(`/api/v1/admin/users/${user.id}/credits`, post('g', { amount: 20, reason: 'gift' }))
  const inputs = [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0.5, 0.5] }]
  const infer = (path: string, body: object = { inputs }) => user.fetch(path, post('i', body))
  const paths = ['/v2/models/m/infer', '/v2/models/m/versions/1/infer']
  const binary = { inputs, parameters: { binary_data_output: true } }
  for (const [path, body] of [
    [paths[0] ?? '', { inputs }],
    [paths[1] ?? '', binary],
    [`/api/v1/models/${id}/predict`, { input_data: { x: [[0.5, 0.5]] } }],
  ] as const) {
    const [first, again] = [await infer(path, body), await infer(path, body)]
    assert.deepEqual(
      [first.ok, isReplayed(first), again.status, isReplayed(again)],
      [true, false, first.status, true],
    )
    for (const name of ['content-type', 'inference-header-content-length'])
      assert.equal(again.headers.get(name), first.headers.get(name), name)
    assert.deepEqual(await again.bytes(), await first.bytes())
  }
  const other = await infer(paths[0] ?? '', binary)
  assert.equal(other.status, 422)
  assert.deepEqual(Object.keys((await other.json()) as object), ['error'])
  const entries = (await (await user.fetch('/api/v1/credits')).json()) as { ledger: { amount: number }[] }
  assert.deepEqual(
    entries.ledger.flatMap(({ amount }) => (amount < 0 ? [amount] : [])),
    [-5, -5, -5],
  )
})

test('what the database cannot hold is refused, and its key stays for what it can', async t => {
  const house = await testHouse(t)
  const admin = await house.user({ role: 'admin' })
  const [run, credits] = ['/api/v1/tasks/credits-renew/run', `/api/v1/admin/users/${admin.id}/credits`]
  for (const bad of ['\0', 'a\0b', '\ud800', 'x\udfff']) {
    for (const input of [{ a: bad }, { a: [{ b: bad }] }, { [bad]: 1 }]) {
      const reply = await admin.fetch(run, post('t', { input }))
      assert.deepEqual([reply.status, await codeOf(reply)], [400, 'invalid-request'], JSON.stringify(input))
    }
    const reply = await admin.fetch(credits, post('c', { amount: 1, reason: `because ${bad}` }))
    assert.deepEqual([reply.status, await codeOf(reply)], [400, 'invalid-request'], JSON.stringify(bad))
  }
  assert.equal((await admin.fetch(run, post('t', { input: { a: '\\u0000 😀', b: null } }))).status, 201)
  assert.equal((await admin.fetch(credits, post('c', { amount: 1, reason: '😀' }))).status, 200)
})

test('the client sends a key of its own with what it creates, and the same with a retry after a lost answer', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  let calls = 0
  const losing: typeof fetch = async (input, init) => {
    const reply = await fetch(input, init)
    if (++calls > 1) return reply
    await reply.text()
    throw new TypeError('fetch failed')
  }
  const client = createClient({ baseUrl: house.url, token: user.key, fetch: losing })
  const { id } = await client.keys.create({ name: 'once' })
  assert.equal(calls, 2)
  const { data } = await client.keys.list()
  assert.deepEqual(
    data.filter(key => key.name === 'once').map(key => key.id),
    [id],
  )
  const idempotencyKey = 'my "key"'
  const [first, again] = [
    await client.models.create({ name: 'm' }, { idempotencyKey }),
    await client.models.create({ name: 'm' }, { idempotencyKey }),
  ]
  assert.deepEqual(again, first)
  await assert.rejects(client.models.create({ name: 'other' }, { idempotencyKey }), {
    code: 'idempotency-mismatch',
  })
})

/** Ends the server in the moment in which it stores the answer, then asks again twice. */
