import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { Database } from './database.ts'

/** The table the suite needs, granted to the role it opens with. */
export type ContractTables = { contract_notes: { id: number; text: string } }

/** What every database promises. `open` gives a connection to a database with an empty `contract_notes`. */
export function databaseContract(name: string, open: () => Promise<Database<ContractTables>>): void {
  async function withDatabase(work: (database: Database<ContractTables>) => Promise<void>): Promise<void> {
    const database = await open()
    try {
      await work(database)
    } finally {
      await database.close()
    }
  }

  test(`${name}: gives back what was written`, () =>
    withDatabase(async ({ nobody: db }) => {
      await db.insertInto('contract_notes').values({ id: 1, text: 'ünïcödé ☃' }).execute()
      const row = await db.selectFrom('contract_notes').selectAll().where('id', '=', 1).executeTakeFirst()
      assert.deepEqual(row, { id: 1, text: 'ünïcödé ☃' })
    }))

  test(`${name}: a transaction that fails leaves nothing behind`, () =>
    withDatabase(async ({ nobody: db }) => {
      const failure = new Error('changed my mind')
      const work = db.transaction().execute(async transaction => {
        await transaction.insertInto('contract_notes').values({ id: 2, text: 'gone' }).execute()
        throw failure
      })
      await assert.rejects(work, failure)
      const rows = await db.selectFrom('contract_notes').selectAll().where('id', '=', 2).execute()
      assert.deepEqual(rows, [])
    }))

  test(`${name}: what the database itself refuses comes with its own code, and the next query works`, () =>
    withDatabase(async ({ nobody: db }) => {
      await db.insertInto('contract_notes').values({ id: 3, text: 'first' }).execute()
      await assert.rejects(db.insertInto('contract_notes').values({ id: 3, text: 'twin' }).execute(), {
        code: '23505',
      })
      const row = await db.selectFrom('contract_notes').select('text').where('id', '=', 3).executeTakeFirst()
      assert.equal(row?.text, 'first')
    }))

  test(`${name}: a statement that takes too long ends as database-unavailable within 2.8 s`, () =>
    withDatabase(async ({ nobody: db }) => {
      const startedAt = performance.now()
      await assert.rejects(sql`select pg_sleep(10)`.execute(db), {
        code: 'database-unavailable',
        retryAfterSeconds: 1,
      })
      assert.ok(performance.now() - startedAt < 2800)
      assert.deepEqual((await sql<{ one: number }>`select 1 as one`.execute(db)).rows, [{ one: 1 }])
    }))

  test(`${name}: says that it answers, and counts its connections`, () =>
    withDatabase(async ({ nobody: db, check, connections }) => {
      assert.deepEqual(await check(), { ok: true })
      assert.deepEqual(connections(), { total: 0, idle: 0, waiting: 0 })
      await sql`select 1`.execute(db)
      assert.deepEqual(connections(), { total: 1, idle: 1, waiting: 0 })
    }))

  test(`${name}: closing twice is fine, and a query afterwards fails`, () =>
    withDatabase(async ({ nobody: db, close }) => {
      await sql`select 1`.execute(db)
      await close()
      await assert.rejects(sql`select 1`.execute(db))
    }))

  test(`${name}: a caller's claims hold for their transaction and not a query longer`, () =>
    withDatabase(async ({ as, nobody }) => {
      const claims = sql<{ claims: string }>`select current_setting('request.jwt.claims', true) as claims`
      const caller = {
        role: 'member',
        userId: '0190a6f0-0000-7000-8000-000000000001',
        credential: 'k',
      } as const
      const inside = await as(caller, async db => (await claims.execute(db)).rows[0]?.claims)
      assert.deepEqual(JSON.parse(inside ?? ''), { sub: caller.userId, role: 'member', credential: 'k' })
      for (let query = 0; query < 4; query++)
        assert.equal((await claims.execute(nobody)).rows[0]?.claims || null, null)
    }))

  test(`${name}: only the server's own connections are the system`, () =>
    withDatabase(async ({ as, nobody, system }) => {
      const setting = sql<{ on: string }>`select current_setting('roundhouse.system', true) as on`
      const caller = { role: 'service', userId: null, credential: 'k' } as const
      assert.equal((await setting.execute(system)).rows[0]?.on, 'on')
      assert.equal((await setting.execute(nobody)).rows[0]?.on, null)
      assert.equal((await as(caller, db => setting.execute(db))).rows[0]?.on, null)
    }))
}
