import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { openDatabase } from '../adapters/postgres/database.ts'
import { createIds } from '../kit/ids.ts'
import { createSealer } from '../kit/seal.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { defer } from '../testing/defer.ts'
import { printed, printedLog } from '../testing/kept-log.ts'
import { testDatabase } from '../testing/test-database.ts'
import { until } from '../testing/until.ts'
import { createSecrets } from './secrets.ts'
import { createSecretStore, type SecretTables } from './store.ts'

const file = { after }
const { adminUrl, appUrl } = await testDatabase(file)
const { log, lines } = printedLog()
const [database, owner] = [appUrl, adminUrl].map(url => {
  const opened = openDatabase<SecretTables>({ url, applicationName: 'rh-secrets', max: 4, systemMax: 4, log })
  defer(file, opened.close)
  return opened
})
assert.ok(database && owner)
const ids = createIds()
const admin: DatabaseCaller = { role: 'admin', userId: randomUUID(), credential: 'session' }
const [k1, k2] = ['k1', 'k2'].map(keyId => `${keyId}:${randomBytes(32).toString('base64')}`)
const oldKeys = `${k1}`
const bothKeys = `${k2},${k1}`
const newKeys = `${k2}`

function open(keys: string) {
  const sealer = createSealer(keys)
  assert.ok(database)
  return { sealer, ...createSecrets({ database, sealer, ids }) }
}

async function ownerRows<Row>(query: ReturnType<typeof sql<Row>>): Promise<Row[]> {
  assert.ok(owner)
  return (await query.execute(owner.system)).rows
}

type Entry = { action: string; actor: string; actor_id: string | null; target: string; details: unknown }
const auditEntries = () =>
  ownerRows(sql<Entry>`select action, actor, actor_id, target, details from audit_entries order by seq`)

beforeEach(async () => {
  await ownerRows(sql`truncate secrets, audit_entries`)
  lines.length = 0
})

test('an administrator puts, replaces, lists and removes a secret; the server alone reads it', async () => {
  const { put, list, remove, reveal } = open(oldKeys)
  await put(admin, 'OPENAI_API_KEY', 'first')
  await put(admin, 'Z.b-c_d', 'ü🚂\0'.repeat(9000))
  await put(admin, 'OPENAI_API_KEY', 'second')
  assert.equal(await reveal('OPENAI_API_KEY'), 'second')
  assert.equal(await reveal('Z.b-c_d'), 'ü🚂\0'.repeat(9000))
  assert.equal(await reveal('openai_api_key'), null)

  const rows = await list(admin)
  assert.deepEqual(
    rows.map(row => [row.name, row.key_id]),
    [
      ['OPENAI_API_KEY', 'k1'],
      ['Z.b-c_d', 'k1'],
    ],
  )
  for (const row of rows)
    assert.deepEqual(Object.keys(row).sort(), ['created_at', 'hosts', 'key_id', 'name', 'updated_at'])
  assert.ok(rows[0] && rows[0].updated_at > rows[0].created_at)

  await remove(admin, 'OPENAI_API_KEY')
  assert.equal(await reveal('OPENAI_API_KEY'), null)
  await assert.rejects(remove(admin, 'OPENAI_API_KEY'), { code: 'resource-not-found' })
  await assert.rejects(put(admin, 'half', 'a\ud800'), { code: 'invalid-request' })
})

test('a secret goes to the hosts that it is marked for, and a new value goes there too until others are named', async () => {
  const { put, list, revealFor } = open(oldKeys)
  await put(admin, 'CRM', 'first')
  await assert.rejects(revealFor('CRM', 'crm.example.com', 443), {
    code: 'forbidden',
    message: /crm\.example\.com/,
  })
  await put(admin, 'CRM', 'second', ['crm.example.com', 'localhost:8080'])
  await put(admin, 'CRM', 'third')
  assert.deepEqual((await list(admin))[0]?.hosts, ['crm.example.com', 'localhost:8080'])
  assert.equal(await revealFor('CRM', 'crm.example.com', 443), 'third')
  assert.equal(await revealFor('CRM', 'localhost', 8080), 'third')
  for (const [host, port] of [
    ['crm.example.com', 8443],
    ['crm.example.com', 80],
    ['localhost', 443],
    ['a.crm.example.com', 443],
    ['example.com', 443],
  ] as const)
    await assert.rejects(revealFor('CRM', host, port), { code: 'forbidden' }, `${host}:${port}`)
  await put(admin, 'CRM', 'fourth', [])
  await assert.rejects(revealFor('CRM', 'crm.example.com', 443), { code: 'forbidden' })
  await assert.rejects(revealFor('NONE', 'crm.example.com', 443), {
    code: 'resource-not-found',
    message: /no secret named NONE/,
  })
})

test('each change leaves exactly one audit entry, which names who and what and holds no value', async () => {
  const { put, remove, list, reveal, rotate } = open(oldKeys)
  await put(admin, 'ONE', 'value of one')
  await put(admin, 'ONE', 'value of one')
  await list(admin)
  await reveal('ONE')
  await remove(admin, 'ONE')
  await assert.rejects(remove(admin, 'ONE'))
  await rotate()
  const byAdmin = { actor: 'admin', actor_id: admin.userId, target: 'ONE' }
  const counts = { rotated: 0, total: 0, unreadable: 0 }
  assert.deepEqual(await auditEntries(), [
    { action: 'secret-put', ...byAdmin, details: { key_id: 'k1' } },
    { action: 'secret-put', ...byAdmin, details: { key_id: 'k1' } },
    { action: 'secret-remove', ...byAdmin, details: {} },
    { action: 'secret-rotate', actor: 'system', actor_id: null, target: 'k1', details: counts },
  ])
})

test('who is no administrator sees no secret and changes none, and leaves no audit entry', async () => {
  const { put, remove, list, reveal } = open(oldKeys)
  await put(admin, 'ONE', 'kept')
  for (const role of ['anonymous', 'member'] as const) {
    const stranger: DatabaseCaller = { role, userId: randomUUID(), credential: 'session' }
    assert.deepEqual(await list(stranger), [])
    await assert.rejects(put(stranger, 'ONE', 'taken'), { code: '42501' })
    await assert.rejects(put(stranger, 'TWO', 'added'), { code: '42501' })
    await assert.rejects(remove(stranger, 'ONE'), { code: 'resource-not-found' })
  }
  assert.equal(await reveal('ONE'), 'kept')
  assert.equal((await auditEntries()).length, 1)
})

test('a sealed value that was swapped, edited or put back in the database is refused, by name', async () => {
  const { put, reveal, rotate } = open(oldKeys)
  const setSealed = (name: string, sealed: string) =>
    ownerRows(sql`update secrets set sealed = ${sealed} where name = ${name}`)
  await put(admin, 'ONE', 'value of one')
  await put(admin, 'TWO', 'value of two')
  const sealed = await ownerRows(sql<{ name: string; sealed: string }>`select name, sealed from secrets`)
  const [one = '', two = ''] = ['ONE', 'TWO'].map(name => sealed.find(row => row.name === name)?.sealed)

  await setSealed('ONE', two)
  await setSealed('TWO', one)
  await assert.rejects(reveal('ONE'), /The secret ONE cannot be read/)
  await assert.rejects(reveal('TWO'), /The secret TWO cannot be read/)
  assert.deepEqual((await open(bothKeys).rotate()).unreadable, ['ONE', 'TWO'])

  for (const bytes of [4, 8, 12, 13, 14, 15]) {
    const [tag = '', ...rest] = one.split('.').reverse()
    const short = Buffer.from(tag, 'base64url').subarray(0, bytes).toString('base64url')
    await setSealed('ONE', [short, ...rest].reverse().join('.'))
    await assert.rejects(reveal('ONE'), /cannot be read/, `tag of ${bytes} bytes`)
  }

  await setSealed('ONE', one)
  assert.equal(await reveal('ONE'), 'value of one')
  await put(admin, 'ONE', 'newer')
  await setSealed('ONE', one)
  await assert.rejects(reveal('ONE'), /cannot be read/)
  await setSealed('TWO', 'no.sealed.text')
  const { unreadable, total, byKey } = await rotate()
  assert.deepEqual([...unreadable].sort(), ['ONE', 'TWO'])
  assert.equal(total, 2)
  assert.deepEqual([...byKey].sort(), [
    ['', 1],
    ['k1', 1],
  ])
})

test('a server whose keys lack one that a secret names does not start, and says which', async () => {
  await open(oldKeys).assertReadable()
  await open(oldKeys).put(admin, 'ONE', 'value of one')
  await open(oldKeys).assertReadable()
  await open(bothKeys).assertReadable()
  await assert.rejects(open(newKeys).assertReadable(), (error: Error) => {
    assert.match(error.message, /^ENCRYPTION_KEY lacks the key "k1", under which 1 .*\.$/)
    return !error.message.includes('\n')
  })
  await assert.rejects(open(newKeys).reveal('ONE'), /The secret ONE cannot be read/)
  assert.deepEqual((await open(newKeys).rotate()).unreadable, ['ONE'])
  await open(bothKeys).rotate()
  await open(newKeys).assertReadable()
  assert.equal(await open(newKeys).reveal('ONE'), 'value of one')
})

test('a value that is put while the rotation has read the old one wins', async () => {
  const { rotate, reveal, sealer } = open(bothKeys)
  await open(oldKeys).put(admin, 'ONE', 'old')
  const written = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const putting = asAdmin(async db => {
    const id = ids.uuid()
    const place = { table: 'secrets', row: id, field: 'value' }
    await createSecretStore(db).put({ id, name: 'ONE', sealed: sealer.seal('new', place) })
    written.resolve()
    await release.promise
  })
  await written.promise
  const rotating = rotate()
  await until(async () => {
    const waiting = sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%given%'`
    return (await ownerRows(waiting)).length === 1
  }, 'the rotation comes to the row that is being put')
  release.resolve()
  await putting
  const { rotated, total, byKey } = await rotating
  assert.deepEqual([rotated, total, [...byKey]], [0, 1, [['k2', 1]]])
  assert.equal(await reveal('ONE'), 'new')
})

test('10,000 secrets are encrypted anew while others are put and read, without one error', async t => {
  const count = 10_000
  const before = open(oldKeys)
  const { put, reveal, rotate } = open(bothKeys)
  const expected = new Map(Array.from({ length: count }, (_, index) => [`S${index}`, `value ${index}`]))
  const rows = [...expected].map(([name, value]) => {
    const id = ids.uuid()
    return { id, name, sealed: before.sealer.seal(value, { table: 'secrets', row: id, field: 'value' }) }
  })
  await ownerRows(sql`
    insert into secrets (id, name, sealed)
    select * from unnest(${rows.map(row => row.id)}::uuid[], ${rows.map(row => row.name)}::text[],
      ${rows.map(row => row.sealed)}::text[])`)

  let rotating = true
  let puts = 0
  let reads = 0
  // Each writes its own fifth of the names, so that it knows what must be read.
  async function use(part: number): Promise<void> {
    while (rotating) {
      const name = `S${Math.floor((Math.random() * count) / 5) * 5 + part}`
      if (part < 2) {
        const value = `value put ${puts}`
        await put(admin, name, value)
        expected.set(name, value)
        puts += 1
      }
      assert.equal(await reveal(name), expected.get(name))
      reads += 1
    }
  }
  const using = Promise.all([0, 1, 2, 3, 4].map(use))
  const { rotated, total, unreadable, byKey } = await rotate().finally(() => {
    rotating = false
  })
  await using

  t.diagnostic(`${puts} puts and ${reads} reads meanwhile`)
  assert.ok(puts > 10 && reads > 100, `${puts} puts, ${reads} reads`)
  assert.deepEqual([total, unreadable, [...byKey]], [count, [], [['k2', count]]])
  assert.ok(rotated <= count && rotated >= count - puts, `${rotated} rotated, ${puts} put`)
  assert.equal((await auditEntries()).filter(entry => entry.action === 'secret-rotate').length, 1)

  const after = open(newKeys)
  await after.assertReadable()
  const stored = await ownerRows(sql<{ id: string; name: string; sealed: string }>`select * from secrets`)
  assert.equal(stored.length, count)
  for (const { id, name, sealed } of stored)
    assert.equal(after.sealer.open(sealed, { table: 'secrets', row: id, field: 'value' }), expected.get(name))
})

test('two rotations at a time do the work once, and one after them has nothing to do', async () => {
  const names = Array.from({ length: 250 }, (_, index) => `S${index}`)
  for (const name of names) await open(oldKeys).put(admin, name, `value of ${name}`)
  const rotations = await Promise.all([open(bothKeys).rotate(), open(bothKeys).rotate()])
  assert.equal(
    rotations.reduce((sum, { rotated }) => sum + rotated, 0),
    names.length,
  )
  for (const { byKey } of [...rotations, await open(newKeys).rotate()])
    assert.deepEqual([...byKey], [['k2', names.length]])
  for (const name of names) assert.equal(await open(newKeys).reveal(name), `value of ${name}`)
})

test('20 planted values are in no table, audit entry, log line or error', async () => {
  const { put, list, reveal, rotate } = open(oldKeys)
  const canaries = Array.from({ length: 20 }, () => `canary-${randomBytes(12).toString('hex')}`)
  const seen: string[] = []
  const fails = async (work: Promise<unknown>) =>
    assert.rejects(work, error => {
      seen.push(String(error), printed(error))
      return true
    })
  for (const [index, canary] of canaries.entries()) {
    await put(admin, `S${index}`, index % 2 === 0 ? canary : `${'x'.repeat(index * 100)}${canary}`)
    await put(admin, 'SAME', canary)
    await fails(put(admin, `not a name ${index}`, canary))
    await fails(put(admin, `S${index}`, `${canary}\ud800`))
    await fails(put({ ...admin, role: 'member' }, `M${index}`, canary))
  }
  seen.push(printed(await list(admin)))
  seen.push(printed({ ...(await open(bothKeys).rotate()), sealer: open(bothKeys).sealer }))
  await ownerRows(sql`update secrets set sealed = ${'v1.k2.AAAA.AAAA.AAAA'} where name = 'S0'`)
  await fails(reveal('S0'))
  await fails(reveal('S1'))
  await rotate()
  seen.push(...lines, ...(await dump()))

  const forms = canaries.flatMap(canary => [
    canary,
    Buffer.from(canary).toString('hex'),
    Buffer.from(canary).toString('base64url').slice(0, -2),
  ])
  const text = seen.join('\n')
  for (const part of ['secret-put', 'audit-append', 'S19', 'SAME', 'v1.k2.', 'cannot be read'])
    assert.ok(text.includes(part), `${part} is not in what was searched`)
  assert.deepEqual(
    forms.filter(form => text.includes(form)),
    [],
  )
  assert.equal(await open(newKeys).reveal('SAME'), canaries.at(-1))
})

function asAdmin(work: (db: Kysely<SecretTables>) => Promise<void>): Promise<void> {
  assert.ok(database)
  return database.as(admin, work)
}

/** Every row of every table, as text. */
async function dump(): Promise<string[]> {
  const tables = await ownerRows(sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`)
  assert.ok(tables.length > 10)
  const rows = await Promise.all(
    tables.map(({ name }) => ownerRows(sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`)),
  )
  return rows.flat().map(({ row }) => row)
}
