import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { createIds } from '../kit/ids.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { createAuditLog } from './audit.ts'
import { createOperator } from './operator.ts'
import { createPlans } from './plans.ts'
import { createStats } from './stats.ts'
import type { AdminTables } from './store.ts'
import { createUsers } from './users.ts'

const scope = { after }
const { database } = await openTestDatabase<AdminTables>(scope, { max: 8, systemMax: 2 })

let told: string[] = []
const changed = async (userId: string) => void told.push(userId)
const users = createUsers({ database, changed })
const operator = createOperator({ database, ids: createIds(), changed })
const plans = createPlans({ database })
const stats = createStats({ database })
const auditLog = createAuditLog({ database })

const service: DatabaseCaller = { role: 'service', userId: null, credential: 'service-role-key' }

async function make(name: string, options: { admin?: boolean } = {}): Promise<string> {
  const email = `${name}@example.com`
  const { id } = await operator.createUser({
    email,
    name,
    plan: 'free',
    admin: false,
    passwordHash: 'hash',
    ...options,
  })
  return id
}

function memberOf(userId: string): DatabaseCaller {
  return { role: 'member', userId, credential: 'key-1' }
}

async function newestSeq(): Promise<number> {
  return (await auditLog.list('system', { limit: 1 }))[0]?.seq ?? 0
}

/** The action of every entry that `work` leaves. */
async function entriesOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = await newestSeq()
  await work()
  const entries = await auditLog.list('system', { limit: 100 })
  return entries.filter(entry => entry.seq > before).map(entry => entry.action)
}

beforeEach(async () => {
  await sql`delete from users`.execute(database.system)
  told = []
})

test('a user is listed, found by part of a name or address or by id, and read', async () => {
  const ann = await make('ann')
  const bob = await make('bob_100%')
  const page = await users.list(service, { limit: 10 })
  assert.deepEqual(
    page.map(row => row.user.id),
    [bob, ann],
  )
  const find = async (search: string) =>
    (await users.list(service, { search, limit: 10 })).map(row => row.user.name)
  assert.deepEqual(await find('NN@EXAMPLE'), ['ann'])
  assert.deepEqual(await find('_100%'), ['bob_100%'])
  assert.deepEqual(await find('%'), ['bob_100%'])
  assert.deepEqual(await find(ann), ['ann'])
  assert.deepEqual(await find('a\0'), [])
  const user = await users.get(service, ann)
  assert.deepEqual(user, {
    id: ann,
    name: 'ann',
    email: 'ann@example.com',
    issuer: null,
    is_anonymous: false,
    roles: ['member'],
    plan: 'free',
    credits: 1000,
    sessions: 0,
    keys: 0,
    last_sign_in_at: null,
    banned_at: null,
    created_at: user.created_at,
  })
})

test('pages leave no one out, even of those who came in the same microsecond', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name)
  await sql`update users set created_at = '2026-11-01T10:00:00.123457Z' where name <> 'e'`.execute(
    database.system,
  )
  const seen: string[] = []
  let before: Parameters<typeof users.list>[1]['before']
  for (let page = 0; page < 5; page++) {
    const [row] = await users.list(service, { limit: 1, before })
    seen.push(row?.user.name ?? 'nobody')
    before = row?.position
  }
  assert.deepEqual(seen.toSorted(), ['a', 'b', 'c', 'd', 'e'])
  assert.deepEqual(await users.list(service, { limit: 1, before }), [])
})

test('a change of plan, ban, roles and rights is one entry each, and the replicas are told', async () => {
  const ann = await make('ann')
  assert.deepEqual(
    await entriesOf(async () => {
      const user = await users.update(service, ann, { plan: 'pro', banned: true })
      assert.equal(user.plan, 'pro')
      assert.ok(user.banned_at)
    }),
    ['user-update'],
  )
  const [entry] = await auditLog.list(service, { limit: 1 })
  assert.equal(entry?.actor, 'service')
  assert.equal(entry?.target, ann)
  assert.deepEqual(entry?.details.before, { plan: 'free', banned_at: null })
  assert.deepEqual(
    await entriesOf(async () => {
      const user = await users.update(service, ann, { banned: false })
      assert.equal(user.banned_at, null)
      assert.equal(user.plan, 'pro')
    }),
    ['user-update'],
  )
  assert.deepEqual(await entriesOf(() => users.setRoles(service, ann, ['admin'])), ['user-roles'])
  assert.deepEqual((await users.get(service, ann)).roles, ['admin', 'member'])
  assert.deepEqual(await entriesOf(() => users.revoke(service, ann)), ['user-revoke'])
  assert.deepEqual(told, [ann, ann, ann, ann])
})

test('a change that changes nothing is fine, and is an entry too', async () => {
  const ann = await make('ann')
  assert.deepEqual(await entriesOf(() => users.update(service, ann, { plan: 'free', banned: false })), [
    'user-update',
  ])
  assert.deepEqual(await entriesOf(() => users.setRoles(service, ann, [])), ['user-roles'])
  assert.deepEqual((await users.get(service, ann)).roles, ['member'])
  await users.update(service, ann, { banned: true })
  const { banned_at } = await users.get(service, ann)
  assert.equal((await users.update(service, ann, { banned: true })).banned_at, banned_at)
})

test('what is refused changes nothing and leaves no entry', async () => {
  const ann = await make('ann', { admin: true })
  const nobody = randomUUID()
  const refused: [() => Promise<unknown>, string][] = [
    [() => users.get(service, nobody), 'resource-not-found'],
    [() => users.update(service, nobody, { banned: true }), 'resource-not-found'],
    [() => users.setRoles(service, nobody, ['admin']), 'resource-not-found'],
    [() => users.revoke(service, nobody), 'resource-not-found'],
    [() => users.update(service, ann, { plan: 'gold' }), 'invalid-request'],
    [() => users.update(service, ann, { plan: 'pro', banned: true }), 'conflict'],
    [() => users.setRoles(service, ann, ['member']), 'conflict'],
    [() => users.setRoles('system', ann, []), 'conflict'],
    [() => plans.update(service, 'gold', { concurrent_runs: 1 }), 'resource-not-found'],
  ]
  told = []
  for (const [work, code] of refused)
    assert.deepEqual(await entriesOf(() => assert.rejects(work, { code })), [])
  assert.deepEqual(told, [])
  const user = await users.get(service, ann)
  assert.deepEqual([user.plan, user.banned_at, user.roles], ['free', null, ['admin', 'member']])
})

test('a plan that is not there is refused with the names of those that are', async () => {
  const ann = await make('ann')
  await assert.rejects(users.update(service, ann, { plan: 'gold' }), /Choose one of free, pro, unlimited/)
})

test('a member can change no one, themselves included, whatever the routes let through', async () => {
  const ann = await make('ann')
  const bob = await make('bob')
  const member = memberOf(bob)
  for (const id of [ann, bob]) {
    for (const work of [
      () => users.update(member, id, { plan: 'unlimited' }),
      () => users.setRoles(member, id, ['admin']),
      () => users.revoke(member, id),
    ])
      assert.deepEqual(await entriesOf(() => assert.rejects(work, { code: 'resource-not-found' })), [])
  }
  await assert.rejects(plans.update(member, 'free', { requests_per_minute: null }), {
    code: 'resource-not-found',
  })
  assert.deepEqual(
    (await users.list(member, { limit: 10 })).map(row => row.user.id),
    [bob],
  )
})

test('the last administrator stays one: twenty who demote the last two leave one', async () => {
  const ann = await make('ann', { admin: true })
  const bob = await make('bob', { admin: true })
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, number) => users.setRoles(service, number % 2 ? ann : bob, [])),
  )
  for (const result of results) {
    if (result.status === 'rejected')
      assert.equal(isProblem(result.reason) ? result.reason.code : result.reason, 'conflict')
  }
  assert.ok(results.some(result => result.status === 'rejected'))
  assert.equal((await stats(service)).admins, 1)
})

test('bans and demotions at the same time leave one administrator who is not banned', async () => {
  for (let round = 0; round < 5; round++) {
    const ann = await make(`ann${round}`, { admin: true })
    const bob = await make(`bob${round}`, { admin: true })
    await Promise.allSettled([
      users.setRoles(service, ann, []),
      users.update(service, bob, { banned: true }),
      users.update(service, ann, { banned: true }),
      users.setRoles(service, bob, []),
    ])
    const left = (await users.list(service, { limit: 100 })).filter(
      ({ user }) => user.banned_at === null && user.roles.includes('admin'),
    )
    assert.equal(left.length, 1, `round ${round}`)
    await sql`delete from users`.execute(database.system)
  }
})

test('a banned administrator does not count as one who is left', async () => {
  const ann = await make('ann', { admin: true })
  const bob = await make('bob', { admin: true })
  await users.update(service, bob, { banned: true })
  await assert.rejects(users.setRoles(service, ann, []), { code: 'conflict' })
  await users.update(service, bob, { banned: false })
  await users.setRoles(service, ann, [])
})

test('revoking ends the sessions and keys of this user, and counts those that were still valid', async () => {
  const ann = await make('ann')
  const bob = await make('bob')
  for (const userId of [ann, bob]) {
    for (const expiresAt of ['2020-01-01', '2999-01-01']) {
      await sql`insert into sessions (id, user_id, token, expires_at)
        values (${randomUUID()}, ${userId}, ${randomUUID()}, ${expiresAt})`.execute(database.system)
      await sql`insert into api_keys (id, user_id, name, prefix, hash, scopes, expires_at)
        values (${randomUUID()}, ${userId}, 'key', 'rh_', sha256(${Buffer.from(randomUUID())}), '{read}', ${expiresAt})`.execute(
        database.system,
      )
    }
  }
  assert.deepEqual(await users.revoke(service, ann), { sessions: 1, keys: 1 })
  assert.deepEqual(await users.revoke(service, ann), { sessions: 0, keys: 0 })
  const { sessions, api_keys } = await stats(service)
  assert.deepEqual({ sessions, api_keys }, { sessions: 1, api_keys: 1 })
})

test('a plan changes by what is given, null takes a limit away', async () => {
  const [free] = await plans.list(service)
  assert.equal(free?.name, 'free')
  const actions = await entriesOf(async () => {
    const plan = await plans.update(service, 'free', {
      requests_per_hour: null,
      requests_per_minute: undefined,
    })
    assert.deepEqual(plan, { ...free, requests_per_hour: null })
  })
  assert.deepEqual(actions, ['plan-update'])
  assert.equal((await plans.list(service))[0]?.requests_per_hour, null)
  await plans.update(service, 'free', { requests_per_hour: free.requests_per_hour })
  assert.deepEqual((await plans.list(service))[0], free)
})

test('the database itself gives the statistics to administrators only', async () => {
  const ann = await make('ann', { admin: true })
  await make('bob')
  const found = await stats({ role: 'admin', userId: ann, credential: 'key-1' })
  assert.deepEqual([found.users, found.admins, found.credits], [2, 1, 2000])
  const query = sql`select get_admin_stats()`
  for (const role of ['member', 'anonymous'] as const) {
    const caller = { role, userId: ann, credential: 'key-1' }
    await assert.rejects(stats(caller), { code: '42501' })
    await assert.rejects(
      database.as(caller, db => query.execute(db)),
      { code: '42501' },
    )
  }
  await assert.rejects(query.execute(database.nobody), { code: '42501' })
})

test('the operator makes a user once per address, and a new password ends their sessions', async () => {
  const ann = await make('ann', { admin: true })
  assert.deepEqual((await operator.find('ANN@example.com')).roles, ['admin', 'member'])
  assert.equal((await operator.find(ann)).id, ann)
  assert.deepEqual(await entriesOf(() => assert.rejects(make('ann'), { code: 'conflict' })), [])
  await assert.rejects(operator.find('bob@example.com'), { code: 'resource-not-found' })
  await sql`insert into sessions (id, user_id, token, expires_at)
    values (${randomUUID()}, ${ann}, 'token', '2999-01-01')`.execute(database.system)
  assert.deepEqual(await entriesOf(() => operator.setPassword(ann, 'new hash')), ['user-password'])
  assert.equal((await stats(service)).sessions, 0)
  const identities = database.system
    .selectFrom('identities')
    .select(['provider_id', 'account_id', 'password'])
  assert.deepEqual(await identities.execute(), [
    { provider_id: 'credential', account_id: ann, password: 'new hash' },
  ])
  const [entry] = await auditLog.list(service, { limit: 1 })
  assert.equal(entry?.actor, 'system')
  assert.ok(!JSON.stringify(entry).includes('new hash'))
})

test('a user of another issuer gets no password here', async () => {
  const id = randomUUID()
  await sql`insert into users (id, name, issuer, contact_email)
    values (${id}, 'eve', 'https://issuer.example', 'eve@example.com')`.execute(database.system)
  assert.equal((await users.get(service, id)).email, 'eve@example.com')
  await assert.rejects(operator.find('eve@example.com'), { code: 'resource-not-found' })
  await assert.rejects(operator.setPassword(id, 'hash'), { code: 'conflict' })
})
