import { after } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { createCredits } from '../credits/credits.ts'
import { type CreditTables, createCreditStore } from '../credits/store.ts'
import type { Bill } from '../credits/within.ts'
import { silentLog } from '../kit/log.ts'
import { newCaller } from './callers.ts'
import { defer } from './defer.ts'
import { openTestDatabase } from './open-test-database.ts'
import { turnedClock } from './turned-clock.ts'

/** For some work of a user, or of the house. */
export const bill = (userId: string | null, amount: number, reference: string): Bill => ({
  userId,
  amount,
  reason: 'work',
  reference,
})

/** The credits room on a database of its own, which goes with the test file. */
export async function testLedger() {
  const file = { after }
  const { adminUrl, database } = await openTestDatabase<CreditTables>(file, { max: 4, systemMax: 4 })
  const owner = new pg.Pool({ connectionString: adminUrl, options: '-c search_path=roundhouse', max: 2 })
  defer(file, () => owner.end())
  const clock = turnedClock(Date.parse('2026-11-21T12:00:00Z'))
  const credits = createCredits({ database, clock, log: silentLog })
  const store = createCreditStore(database.system)

  /** As the rows have it: what has expired and was not looked at is held. */
  async function account(userId: string): Promise<{ balance: number; held: number }> {
    const { rows } = await sql<{ balance: number; held: number }>`
      select balance::float8 as balance, held::float8 as held from credit_accounts where user_id = ${userId}`.execute(
      database.system,
    )
    return rows[0] ?? { balance: Number.NaN, held: Number.NaN }
  }

  return {
    database,
    owner,
    clock,
    credits,
    store,
    account,

    /** Someone with so many credits. */
    async user(balance: number) {
      const caller = await newCaller(database.system)
      const { balance: before } = await account(caller.userId)
      await store.grant(caller.userId, balance - before, 'test', null)
      return caller
    },

    /** As if the time of these holds were over: the database has a clock of its own, which cannot be turned. */
    async lapse(userId: string, reference = '%'): Promise<void> {
      await owner.query(
        `update credit_holds set expires_at = now() - interval '1 second' where user_id = $1 and reference like $2`,
        [userId, reference],
      )
    },

    async holds(userId: string): Promise<Record<string, string>> {
      const { rows } = await sql<{ reference: string; status: string }>`
        select reference, status from credit_holds where user_id = ${userId} order by reference`.execute(
        database.system,
      )
      return Object.fromEntries(rows.map(({ reference, status }) => [reference, status]))
    },

    /** What does not add up, over all accounts; empty when the ledger is right. */
    async faults(): Promise<unknown[]> {
      const { rows } = await sql`
        select 'movement' as fault, movement::text as what from credit_entries group by movement
          having sum(amount) <> 0 or count(*) <> 2 or count(*) filter (where account = 'user') <> 1
        union all
        select 'balance', user_id::text from credit_accounts where balance is distinct from (
          select sum(amount) from credit_entries where user_id = credit_accounts.user_id and account = 'user')
        union all
        select 'held', user_id::text from credit_accounts where held is distinct from (
          select coalesce(sum(amount), 0) from credit_holds where user_id = credit_accounts.user_id and status = 'open')
        union all
        select 'settled', id::text from credit_holds where status = 'settled' and settled is distinct from (
          select -coalesce(sum(amount), 0) from credit_entries
          where user_id = credit_holds.user_id and reference = credit_holds.reference and account = 'user')`.execute(
        database.system,
      )
      return rows
    },
  }
}
