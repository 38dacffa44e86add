import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'

export type KeyedCall = {
  /** Whose keys these are: the user's id, or the name of a credential without a user. */
  readonly caller: string
  readonly route: string
  readonly key: string
  /** SHA-256 of what the call asks for. */
  readonly fingerprint: Buffer
}

export type StoredCall = {
  readonly fingerprint: Buffer
  readonly claim_id: string
  /** Negative when it has ended. */
  readonly lease_seconds: number
  /** Older than answers are kept. */
  readonly is_expired: boolean
  readonly is_done: boolean
  readonly status: number | null
  readonly headers: Record<string, string> | null
  readonly sealed_body: string | null
}

export type StoredAnswer = { status: number; headers: Readonly<Record<string, string>>; sealedBody: string }

/** So long a key is remembered from the moment of its call. */
const kept = sql`interval '24 hours'`
const removedAtATime = 5000

/** SQL of the calls made under a key. All times are the database's, so that the clocks of processes do not matter. */
export function createIdempotencyStore(db: QueryExecutorProvider) {
  async function changed(query: RawBuilder<unknown>): Promise<boolean> {
    const { numAffectedRows } = await query.execute(db)
    return (numAffectedRows ?? 0n) > 0n
  }

  return {
    /** False when the key is there already. The work is named after its first claim. */
    insert: ({ caller, route, key, fingerprint }: KeyedCall, claimId: string, leaseMs: number) =>
      changed(sql`
        insert into idempotency_keys (caller, route, key, fingerprint, claim_id, work_id, leased_until)
        values (${caller}, ${route}, ${key}, ${fingerprint}, ${claimId}, ${claimId}, ${until(leaseMs)})
        on conflict (caller, route, key) do nothing`),

    async find({ caller, route, key }: KeyedCall): Promise<StoredCall | undefined> {
      const { rows } = await sql<StoredCall>`
        select fingerprint, claim_id, ceil(extract(epoch from leased_until - now()))::integer as lease_seconds,
          created_at < now() - ${kept} as is_expired, done_at is not null as is_done, status, headers, sealed_body
        from idempotency_keys where caller = ${caller} and route = ${route} and key = ${key}`.execute(db)
      return rows[0]
    },

    /**
     * Begins anew what is too old to count, or goes on with what its process left. The id of the work; undefined when
     * someone else was faster.
     */
    async takeOver(
      { caller, route, key, fingerprint }: KeyedCall,
      claimId: string,
      leaseMs: number,
    ): Promise<string | undefined> {
      const { rows } = await sql<{ work_id: string }>`
        update idempotency_keys
        set fingerprint = ${fingerprint}, claim_id = ${claimId}, leased_until = ${until(leaseMs)}, created_at = now(),
          work_id = case when created_at < now() - ${kept} then ${claimId} else work_id end,
          done_at = null, status = null, headers = null, sealed_body = null
        where caller = ${caller} and route = ${route} and key = ${key} and (
          created_at < now() - ${kept}
          or (done_at is null and leased_until <= now() and fingerprint = ${fingerprint}))
        returning work_id`.execute(db)
      return rows[0]?.work_id
    },

    async renew(claimIds: readonly string[], leaseMs: number): Promise<void> {
      await sql`
        update idempotency_keys set leased_until = ${until(leaseMs)}
        where claim_id = any (${claimIds}::uuid[]) and done_at is null`.execute(db)
    },

    /** Done; without an answer when that is lost. False when the call is another's by now. */
    finish: (claimId: string, answer: StoredAnswer | null) =>
      changed(sql`
        update idempotency_keys
        set done_at = now(), status = ${answer?.status ?? null}, sealed_body = ${answer?.sealedBody ?? null},
          headers = ${answer ? JSON.stringify(answer.headers) : null}::jsonb
        where claim_id = ${claimId} and done_at is null`),

    /** What was not done. What was, stays; so does what another process may have done and paid before: it is let go. */
    async forget(claimId: string): Promise<void> {
      await sql`
        with let_go as (
          update idempotency_keys set leased_until = now()
          where claim_id = ${claimId} and work_id <> claim_id and done_at is null)
        delete from idempotency_keys where claim_id = ${claimId} and work_id = claim_id and done_at is null`.execute(
        db,
      )
    },

    /** What may have been done stays under its name, for whoever sends the same call. */
    async leave(claimId: string): Promise<void> {
      await sql`
        update idempotency_keys set leased_until = now()
        where claim_id = ${claimId} and done_at is null`.execute(db)
    },

    /** The number removed is less than could be when there is nothing more to remove. */
    async removeExpired(): Promise<{ mayBeMore: boolean }> {
      const { numAffectedRows } = await sql`
        delete from idempotency_keys where claim_id in (
          select claim_id from idempotency_keys where created_at < now() - ${kept} limit ${removedAtATime})`.execute(
        db,
      )
      return { mayBeMore: Number(numAffectedRows ?? 0n) === removedAtATime }
    },
  }
}

function until(leaseMs: number): RawBuilder<Date> {
  return sql<Date>`now() + ${leaseMs}::float8 * interval '1 millisecond'`
}
