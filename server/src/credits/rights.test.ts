import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { testLedger } from '../testing/ledger.ts'
import type { CreditTables } from './store.ts'

const { credits, database, account, user } = await testLedger()
const [ann, bob] = [await user(100), await user(100)]
const admin = await newCaller(database.system, 'admin')
const service = serviceCaller('test')
const refused = { code: '42501' }

/** As each of these, and as nobody at all. */
async function refuses(
  callers: readonly (DatabaseCaller | 'nobody')[],
  query: RawBuilder<unknown>,
): Promise<void> {
  for (const caller of callers) {
    const ask = (db: Kysely<CreditTables>) => query.execute(db)
    await assert.rejects(
      caller === 'nobody' ? ask(database.nobody) : database.as(caller, ask),
      refused,
      JSON.stringify(caller),
    )
  }
}

async function value(caller: DatabaseCaller, expression: RawBuilder<unknown>): Promise<unknown> {
  return database.as(caller, async db => {
    const { rows } = await sql<{ value: unknown }>`select ${expression} as value`.execute(db)
    return rows[0]?.value
  })
}

test('a member holds and deducts their own credits, in SQL too, and cannot take back what pays for work under way', async () => {
  const hold = (reference: string) =>
    value(ann, sql`hold_credits(${ann.userId}, 10, 'work', ${reference}, 60)`)
  const [one, two] = [await hold('one'), await hold('two')]
  for (const id of [one, two]) {
    await refuses([ann], sql`select settle_hold(${id}, 0)`)
    await refuses([ann], sql`select release_hold(${id})`)
  }
  await refuses([ann], sql`select deduct_up_to(${ann.userId}, 1, 'x', 'z')`)
  assert.deepEqual(await account(ann.userId), { balance: 100, held: 20 })
  assert.equal(await value(admin, sql`settle_hold(${one}, 5)`), true)
  assert.equal(await value(service, sql`release_hold(${two})`), true)
  assert.equal(await value(ann, sql`deduct_credits(${ann.userId}, 5, 'rpc')`), true)
  assert.equal(await value(ann, sql`deduct_credits(${ann.userId}, 91, 'rpc')`), false)
  assert.equal(await value(ann, sql`credit_balance(${ann.userId})`), '90')
})

test('nobody moves the credits of another, and only administrators grant or end what has expired', async () => {
  const hold = await credits.hold({ userId: ann.userId, amount: 10, reason: 'w', reference: 'mine' }, 60)
  const before = await account(ann.userId)
  const others = [bob, anonymousCaller, 'nobody'] as const
  await refuses(others, sql`select hold_credits(${ann.userId}, 1, 'x', 'y', 60)`)
  await refuses(others, sql`select hold_credits(null, 1, 'x', 'y', 60)`)
  await refuses(others, sql`select settle_hold(${hold?.id}, 0)`)
  await refuses(others, sql`select release_hold(${hold?.id})`)
  await refuses(others, sql`select deduct_credits(${ann.userId}, 1, 'x')`)
  await refuses([ann, ...others], sql`select grant_credits(${ann.userId}, 1, 'x')`)
  await refuses([ann, ...others], sql`select expire_holds()`)
  for (const caller of [bob, anonymousCaller])
    assert.equal(await value(caller, sql`credit_balance(${ann.userId})`), null)
  assert.deepEqual(await account(ann.userId), before)

  for (const caller of [admin, service]) {
    assert.equal(await value(caller, sql`grant_credits(${ann.userId}, 1, 'gift')`), true)
    assert.equal(typeof (await value(caller, sql`credit_balance(${ann.userId})`)), 'string')
  }
})

test('the ledger is written by its functions alone, by nobody otherwise', async () => {
  const everyone = [ann, admin, service, 'nobody'] as const
  await refuses(everyone, sql`update credit_accounts set balance = balance + 1`)
  await refuses(
    everyone,
    sql`insert into credit_entries (user_id, amount, reason) values (${ann.userId}, 1, 'x')`,
  )
  await refuses(everyone, sql`update credit_entries set amount = 0`)
  await refuses(everyone, sql`delete from credit_entries`)
  await refuses(everyone, sql`update credit_holds set amount = 1`)
  await refuses(everyone, sql`select book_credits(${ann.userId}, 1, 'grants', 'x', null, null)`)
  await refuses(everyone, sql`select set_credits_aside(${ann.userId}, 1)`)
  await refuses(everyone, sql`select expire_holds_of(${ann.userId})`)
  await refuses(everyone, sql`select lock_hold(${ann.userId})`)
  await refuses(everyone, sql`select is_credit_booked(${ann.userId}, 'x')`)
})

test('a job, which says whether it is paid, is added for a member by the server alone', async () => {
  const add = sql`
    insert into jobs (id, kind, owner_id, payload, max_attempts, ticket, run_at)
    values (gen_random_uuid(), 'model', ${ann.userId}, '{"paid": null}', 1, gen_random_uuid(), now())`
  const asServer = await database.as(ann, db => add.execute(db))
  assert.equal(asServer.numAffectedRows, 1n)
  // As code beside the server does: PostgREST, or the operator's own.
  const beside = database.nobody.transaction().execute(async db => {
    await sql`select set_config('request.jwt.claims', ${JSON.stringify({ sub: ann.userId, role: 'member' })}, true)`.execute(
      db,
    )
    const { rows } = await sql`select from jobs`.execute(db)
    assert.equal(rows.length, 1, 'it sees what is theirs')
    return add.execute(db)
  })
  await assert.rejects(beside, refused)
})

test('a member sees their own account, lines and holds, and removes and prices nothing', async () => {
  const sees = (caller: DatabaseCaller, table: string) =>
    database.as(caller, async db => {
      const { rows } = await sql<{
        user_id: string
      }>`select distinct user_id from ${sql.table(table)}`.execute(db)
      return rows.map(row => row.user_id)
    })
  await credits.charge({ userId: bob.userId, amount: 1, reason: 'w', reference: 'w' }, 60, async () => {})
  for (const table of ['credit_accounts', 'credit_entries', 'credit_holds']) {
    assert.deepEqual(await sees(ann, table), [ann.userId], table)
    assert.deepEqual(await sees(anonymousCaller, table), [], table)
    assert.ok((await sees(admin, table)).length > 1, table)
  }
  const affects = (caller: DatabaseCaller, query: RawBuilder<unknown>) =>
    database.as(caller, async db => Number((await query.execute(db)).numAffectedRows ?? 0n))
  for (const caller of [ann, admin]) assert.equal(await affects(caller, sql`delete from credit_holds`), 0)
  assert.equal(await affects(ann, sql`update prices set credits = 0`), 0)
  assert.equal(await affects(admin, sql`update prices set credits = 3 where name = 'report'`), 1)
  await credits.setPrices(admin, new Map([['report', 4]]))
  assert.equal((await credits.prices()).get('report'), 4)
  await assert.rejects(credits.setPrices(ann, new Map([['report', 0]])), { code: 'forbidden' })
  assert.equal((await credits.prices()).get('report'), 4)
})
