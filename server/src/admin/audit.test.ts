import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { DatabaseCaller } from '../ports/database.ts'
import { defer } from '../testing/defer.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { createAuditLog } from './audit.ts'
import type { AdminTables } from './store.ts'

const scope = { after }
const { adminUrl, database } = await openTestDatabase<AdminTables>(scope, { max: 2 })
const auditLog = createAuditLog({ database })
const owner = new pg.Client({
  connectionString: adminUrl,
  options: '-c search_path=roundhouse -c roundhouse.system=on',
})
await owner.connect()
defer(scope, () => owner.end())

const service: DatabaseCaller = { role: 'service', userId: null, credential: 'service-role-key' }
const memberId = '0190a6f0-0000-7000-8000-000000000001'
const member: DatabaseCaller = { role: 'member', userId: memberId, credential: 'key-1' }

async function write(count: number): Promise<void> {
  for (let number = 1; number <= count; number++)
    await database.as(service, (_, audit) => audit('thing-change', `thing ${number}`, { number }))
}

beforeEach(async () => {
  await owner.query('delete from audit_entries')
  await write(5)
})

test('a log that nobody touched holds', async () => {
  assert.equal(await auditLog.firstBrokenEntry(), null)
  await owner.query('delete from audit_entries')
  assert.equal(await auditLog.firstBrokenEntry(), null)
})

for (const [what, statement, broken] of [
  [
    'the details of an entry are edited',
    `update audit_entries set details = '{"number": 9}' where seq = 3`,
    3,
  ],
  ['another actor is put in', `update audit_entries set actor_id = gen_random_uuid() where seq = 2`, 2],
  [
    'the time is moved by a microsecond',
    `update audit_entries set at = at + interval '1 us' where seq = 4`,
    4,
  ],
  ['the address is taken out of the newest', `update audit_entries set ip = '10.0.0.1' where seq = 5`, 5],
  [
    'an entry is edited and hashed anew',
    `update audit_entries e set target = 'other', hash = audit_digest(row(e.seq, e.at, e.actor, e.actor_id, e.credential, e.action, 'other', e.details, e.request_id, e.ip, e.prev_hash, e.hash)::audit_entries) where seq = 2`,
    3,
  ],
  ['an entry is removed', 'delete from audit_entries where seq = 3', 4],
  ['the oldest is removed', 'delete from audit_entries where seq = 1', 2],
  [
    'an entry is added at the end',
    `insert into audit_entries select 6, at, actor, actor_id, credential, action, target, details, request_id, ip, hash, hash from audit_entries where seq = 5`,
    6,
  ],
  [
    'an entry is put in between',
    `update audit_entries set seq = seq + 100 where seq > 2; update audit_entries set seq = seq - 99 where seq > 100; insert into audit_entries select 3, at, actor, actor_id, credential, action, target, details, request_id, ip, hash, hash from audit_entries where seq = 2`,
    3,
  ],
  [
    'an entry is removed and the rest renumbered',
    'delete from audit_entries where seq = 2; update audit_entries set seq = seq - 1 where seq > 2',
    2,
  ],
  [
    'two entries change places',
    'update audit_entries set seq = 100 where seq = 2; update audit_entries set seq = 2 where seq = 3; update audit_entries set seq = 3 where seq = 100',
    2,
  ],
] as const) {
  test(`the check names the first broken entry when ${what}`, async () => {
    await owner.query(statement)
    assert.equal(await auditLog.firstBrokenEntry(), broken)
  })
}

test('the role that serves changes, removes and adds no entry by itself, not even as the system', async () => {
  const statements = [
    `update roundhouse.audit_entries set target = 'x'`,
    'delete from roundhouse.audit_entries',
    'truncate roundhouse.audit_entries',
    `insert into roundhouse.audit_entries select * from roundhouse.audit_entries`,
    'alter table roundhouse.audit_entries disable row level security',
  ]
  for (const statement of statements) {
    await assert.rejects(sql.raw(statement).execute(database.nobody), { code: '42501' }, statement)
    await assert.rejects(sql.raw(statement).execute(database.system), { code: '42501' }, statement)
    const asService = database.as(service, db => sql.raw(statement).execute(db))
    await assert.rejects(asService, { code: '42501' }, statement)
  }
  assert.equal((await auditLog.list('system', { limit: 100 })).length, 5)
})

test('who acts is who the transaction is for, whatever is said in the entry', async () => {
  await database.as(member, (_, audit) => audit('thing-change', 'thing', { actor: 'admin', actor_id: null }))
  await database.asSystem((_, audit) => audit('thing-change', 'thing'))
  const [bySystem, byMember] = await auditLog.list(service, { limit: 2 })
  assert.equal(bySystem?.actor, 'system')
  assert.equal(bySystem?.actor_id, null)
  assert.equal(byMember?.actor, 'member')
  assert.equal(byMember?.actor_id, memberId)
  assert.equal(byMember?.credential, 'key-1')
  assert.deepEqual(byMember?.details, { actor: 'admin', actor_id: null })
  const byNobody = sql`select append_audit('thing-change', 'thing', '{}')`.execute(database.nobody)
  await assert.rejects(byNobody, { code: '42501' })
})

test('an act that fails leaves no entry', async () => {
  const failure = new Error('changed my mind')
  const act = database.as(service, async (_, audit) => {
    await audit('thing-change', 'thing')
    throw failure
  })
  await assert.rejects(act, failure)
  assert.equal((await auditLog.list('system', { limit: 100 })).length, 5)
})

test('acts at the same time stand one after the other in a chain that holds', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      database.as(service, (_db, audit) => audit('thing-change', `together ${number}`)),
    ),
  )
  const entries = await auditLog.list(service, { limit: 100 })
  assert.deepEqual(
    entries.map(entry => entry.seq),
    Array.from({ length: 25 }, (_, index) => 25 - index),
  )
  assert.equal(await auditLog.firstBrokenEntry(), null)
})

test('pages go from the newest to the oldest, and a member sees none', async () => {
  const first = await auditLog.list(service, { limit: 2 })
  assert.deepEqual(
    first.map(entry => entry.target),
    ['thing 5', 'thing 4'],
  )
  const next = await auditLog.list(service, { limit: 9, beforeSeq: first[1]?.seq })
  assert.deepEqual(
    next.map(entry => entry.target),
    ['thing 3', 'thing 2', 'thing 1'],
  )
  assert.deepEqual(await auditLog.list(member, { limit: 9 }), [])
})
