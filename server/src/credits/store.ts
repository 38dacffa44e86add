import { type Generated, type QueryExecutorProvider, sql } from 'kysely'

type CreditAccountsTable = { user_id: string; balance: string | number; held: Generated<string | number> }
type CreditEntriesTable = {
  id: Generated<string | number>
  user_id: string
  amount: string | number
  reason: string
  account: Generated<'user' | 'grants' | 'revenue'>
  reference: string | null
  request_id: string | null
  created_at: Generated<Date>
}
type CreditHoldsTable = { id: string; user_id: string; status: string; created_at: Generated<Date> }
type PricesTable = { name: PriceName; credits: string | number }

export type CreditTables = {
  credit_accounts: CreditAccountsTable
  credit_entries: CreditEntriesTable
  credit_holds: CreditHoldsTable
  prices: PricesTable
}

export type PriceName = 'report' | 'heavy-second' | 'run'

/** `balance` with what is `held` of it. */
export type Account = { balance: number; held: number }

export type Entry = {
  id: number
  amount: number
  reason: string
  reference: string | null
  request_id: string | null
  created_at: Date
}

/** One call of the ledger. */
export type Operation =
  | {
      kind: 'hold'
      user_id: string
      amount: number
      reason: string
      reference: string
      seconds: number
      request_id: string | null
    }
  | { kind: 'settle'; hold_id: string; amount: number }
  | { kind: 'release'; hold_id: string }

/** The functions of the ledger (migration 0008) and what is read of it. */
export function createCreditStore(db: QueryExecutorProvider) {
  return {
    /**
     * All in one transaction, in their order. Of a hold its id, null when there is not so much to spare; of the others
     * whether this call ended it. Safe to repeat.
     */
    async run(operations: readonly Operation[]): Promise<(string | boolean | null)[]> {
      const { rows } = await sql<{ value: string | boolean | null }>`
        select case kind
          when 'hold' then to_jsonb(hold_credits(user_id, amount, reason, reference, seconds, request_id))
          when 'settle' then to_jsonb(settle_hold(hold_id, amount))
          when 'release' then to_jsonb(release_hold(hold_id))
        end as value
        from jsonb_to_recordset(${JSON.stringify(operations)}::jsonb) as operation (
          kind text, user_id uuid, amount bigint, reason text, reference text, seconds integer, request_id text,
          hold_id uuid)`.execute(db)
      return rows.map(row => row.value)
    },

    /** Ends the holds of up to 100 accounts that have expired; how many there were. */
    async expire(): Promise<number> {
      const { rows } = await sql<{ count: number }>`select expire_holds() as count`.execute(db)
      return rows[0]?.count ?? 0
    },

    /** Removes some of the holds that were begun so many days ago and that nobody needs; entries stay. How many. */
    async forget(days: number, limit: number): Promise<number> {
      const { numAffectedRows = 0n } = await sql`
        delete from credit_holds where id in (
          select id from credit_holds
          where created_at < now() - make_interval(days => ${days}) and (status = 'settled'
            or (status <> 'open' and (starts_with(reference, 'prediction:') or starts_with(reference, 'report:')
              or starts_with(reference, 'run:') or starts_with(reference, 'llm:') or starts_with(reference, 'embedding:'))))
          limit ${limit})`.execute(db)
      return Number(numAffectedRows)
    },

    /** Why a hold could not be settled. Undefined when it is not there. */
    async statusOf(holdId: string): Promise<string | undefined> {
      const { rows } = await sql<{ status: string }>`
        select status from credit_holds where id = ${holdId}`.execute(db)
      return rows[0]?.status
    },

    /** What holds with this reference, or it and more behind a colon, can still be settled; open ones first. */
    async unsettled(userId: string, reference: string): Promise<{ id: string; amount: number }[]> {
      const { rows } = await sql<{ id: string; amount: number }>`
        select id, amount::float8 as amount from credit_holds
        where user_id = ${userId} and reference >= ${reference} and reference < ${behind(reference)}
          and (reference = ${reference} or starts_with(reference, ${`${reference}:`}))
          and status in ('open', 'expired')
        order by status desc, amount desc`.execute(db)
      return rows
    },

    /** Credits that were paid under this reference, or it and more behind a colon. */
    async paid(userId: string, reference: string): Promise<number> {
      const { rows } = await sql<{ paid: number }>`
        select coalesce(-sum(amount), 0)::float8 as paid from credit_entries
        where account = 'user' and user_id = ${userId}
          and reference >= ${reference} and reference < ${behind(reference)}
          and (reference = ${reference} or starts_with(reference, ${`${reference}:`}))`.execute(db)
      return rows[0]?.paid ?? 0
    },

    /** How much of the amount there was to spare and is deducted now. */
    async deductUpTo(userId: string, amount: number, reason: string, reference: string): Promise<number> {
      const { rows } = await sql<{ taken: number }>`
        select deduct_up_to(${userId}, ${amount}, ${reason}, ${reference})::float8 as taken`.execute(db)
      return rows[0]?.taken ?? 0
    },

    /** False when there is no such account, less to take back than that, or more than an account can hold. */
    async grant(userId: string, amount: number, reason: string, reference: string | null): Promise<boolean> {
      const { rows } = await sql<{ granted: boolean }>`
        select grant_credits(${userId}, ${amount}, ${reason}, ${reference}) as granted`.execute(db)
      return rows[0]?.granted === true
    },

    /** What has expired is not held, whether it was swept or not. */
    async account(userId: string): Promise<Account | undefined> {
      const { rows } = await sql<Account>`
        select balance::float8 as balance, (held - coalesce((
          select sum(amount) from credit_holds
          where credit_holds.user_id = credit_accounts.user_id and status = 'open' and expires_at < now()
        ), 0))::float8 as held
        from credit_accounts where user_id = ${userId}`.execute(db)
      return rows[0]
    },

    /** Newest first. */
    async entries(
      userId: string,
      options: { limit: number; beforeId?: number | undefined },
    ): Promise<Entry[]> {
      const { rows } = await sql<Entry>`
        select id::float8 as id, amount::float8 as amount, reason, reference, request_id, created_at
        from credit_entries
        where user_id = ${userId} and account = 'user' and id < ${options.beforeId ?? Number.MAX_SAFE_INTEGER}
        order by id desc limit ${options.limit}`.execute(db)
      return rows
    },

    async prices(): Promise<Map<PriceName, number>> {
      const { rows } = await sql<{ name: PriceName; credits: number }>`
        select name, credits::float8 as credits from prices order by name`.execute(db)
      return new Map(rows.map(({ name, credits }) => [name, credits]))
    },

    /** False for who may not. */
    async setPrice(name: PriceName, credits: number): Promise<boolean> {
      const { numAffectedRows } =
        await sql`update prices set credits = ${credits} where name = ${name}`.execute(db)
      return numAffectedRows === 1n
    },

    /** Who has a plan with monthly credits and has not got those of this month; some of them, in the order of their ids. */
    async toRenew(
      reference: string,
      page: { after: string; limit: number },
    ): Promise<{ id: string; credits: number }[]> {
      const { rows } = await sql<{ id: string; credits: number }>`
        select users.id, plans.monthly_credits::float8 as credits
        from users join plans on plans.name = users.plan
        where plans.monthly_credits > 0 and users.banned_at is null and users.id > ${page.after}
          and not exists (select from credit_entries
            where credit_entries.user_id = users.id and account = 'user' and reference = ${reference})
        order by users.id limit ${page.limit}`.execute(db)
      return rows
    },
  }
}

/** Sorted by bytes: behind all that begins with the reference and a colon. */
function behind(reference: string): string {
  return `${reference};`
}
