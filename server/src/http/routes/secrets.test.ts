import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { secretList } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { testHouse } from '../../testing/house.ts'
import { printedLog } from '../../testing/kept-log.ts'

const { log, lines } = printedLog()
const house = await testHouse({ after }, {}, { log })
const { database } = house.ground

const put = (name: string, body: unknown, as = house.fetch) =>
  as(`/api/v1/admin/secrets/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function listed() {
  const reply = await house.fetch('/api/v1/admin/secrets')
  assert.equal(reply.status, 200)
  return secretList.parse(await reply.json()).data
}

const audited = async () =>
  (
    await sql<{ action: string; target: string }>`
      select action, target from audit_entries where action like 'secret-%' order by seq`.execute(
      database.system,
    )
  ).rows.map(row => `${row.action} ${row.target}`)

test('a secret is put, replaced, listed without its value and removed, each change with one audit entry', async () => {
  assert.deepEqual(await listed(), [])
  for (const body of [
    { value: 'first', hosts: ['api.example.com', 'localhost:8080'] },
    { value: 'second' },
  ]) {
    const reply = await put('OPENAI_API_KEY', body)
    assert.equal(reply.status, 204)
    assert.equal(await reply.text(), '')
  }
  const [secret, ...more] = await listed()
  assert.deepEqual(more, [])
  assert.equal(secret?.name, 'OPENAI_API_KEY')
  assert.deepEqual(secret?.hosts, ['api.example.com', 'localhost:8080'])
  assert.match(secret?.key_id ?? '', /^[0-9a-f]{8}$/)
  assert.ok(secret && secret.updated_at > secret.created_at)

  const remove = () => house.fetch('/api/v1/admin/secrets/OPENAI_API_KEY', { method: 'DELETE' })
  assert.equal((await remove()).status, 204)
  const again = await remove()
  assert.equal(again.status, 404)
  assert.match(await again.text(), /"resource-not-found".*no secret named OPENAI_API_KEY/)
  assert.deepEqual(await listed(), [])
  assert.deepEqual(await audited(), [
    'secret-put OPENAI_API_KEY',
    'secret-put OPENAI_API_KEY',
    'secret-remove OPENAI_API_KEY',
  ])
})

test('no path gives a value back', async () => {
  assert.equal((await put('ONE', { value: 'the-value-of-one' })).status, 204)
  for (const path of ['', '/ONE', '/ONE/value', '?name=ONE&value=true']) {
    const text = await (await house.fetch(`/api/v1/admin/secrets${path}`)).text()
    assert.ok(!text.includes('the-value-of-one'), path)
  }
  assert.equal((await house.fetch('/api/v1/admin/secrets/ONE')).status, 405)
})

test('only administrators reach secrets, and only with the scope for it', async () => {
  assert.equal((await put('KEPT', { value: 'kept' })).status, 204)
  const before = await audited()
  const member = await house.user()
  const admin = await house.user({ role: 'admin' })
  const reader = await house.user({ role: 'admin', scopes: ['read'] })
  for (const [who, status] of [
    [house.anonymous, 401],
    [member.fetch, 403],
    [reader.fetch, 403],
  ] as const) {
    for (const reply of [
      await who('/api/v1/admin/secrets'),
      await put('KEPT', { value: 'taken' }, who),
      await put('ADDED', { value: 'added' }, who),
      await who('/api/v1/admin/secrets/KEPT', { method: 'DELETE' }),
      await who('/api/v1/admin/secrets/NONE', { method: 'DELETE' }),
    ])
      assert.equal(reply.status, status)
  }
  assert.deepEqual(await audited(), before)
  assert.ok((await listed()).some(({ name }) => name === 'KEPT'))
  assert.equal((await put('BY_ADMIN', { value: 'x' }, admin.fetch)).status, 204)
})

test('what is not a secret is refused, and no value is ever in an answer or a log line', async () => {
  const canary = `canary-${randomBytes(12).toString('hex')}`
  const replies = []
  for (const name of ['1ST', 'a%20b', 'a%2Fb', 'ü', 'x'.repeat(129), '%00'])
    replies.push({ status: 400, reply: await put(name, { value: canary }) })
  for (const body of [
    { value: [canary] },
    { value: canary, more: canary },
    { value: canary.repeat(3000) },
    ...['https://a.example.com', '*.example.com', 'a.example.com/x', 'A.example.com', ''].map(host => ({
      value: canary,
      hosts: [host],
    })),
    { value: `${canary}\ud800` },
    canary,
    [{ value: canary }],
  ])
    replies.push({ status: 400, reply: await put('GOOD', body) })
  replies.push({ status: 204, reply: await put('GOOD', { value: canary }) })
  for (const { status, reply } of replies) {
    const text = await reply.text()
    assert.equal(reply.status, status, text)
    assert.ok(!text.includes(canary), text)
  }
  assert.ok(lines.some(line => line.includes('audit-append') && line.includes('GOOD')))
  assert.deepEqual(
    lines.filter(line => line.includes(canary)),
    [],
  )
})
