import type { Kysely, QueryExecutorProvider } from 'kysely'

/** True when the database answers; else the sentence that says why not. */
export type DatabaseHealth = { ok: true } | { ok: false; reason: string }

/** Whose rows a transaction may see and change. Row-level security reads it as the claims of the transaction. */
export type DatabaseCaller = {
  readonly role: 'anonymous' | 'member' | 'admin' | 'service'
  /** Null for those without an account: anonymous callers and the service-role key. */
  readonly userId: string | null
  /** Named in the audit log: the id of the API key or session, or the kind of the credential. */
  readonly credential: string
}

/**
 * Adds an entry to the audit log in the transaction it belongs to: the act and its entry are both there or neither is.
 * Who acts is taken from the claims. `action` is noun-verb (`user-ban`), `target` names what it was done to; `details`
 * holds no secrets.
 */
export type Audit = (action: string, target: string, details?: Record<string, unknown>) => Promise<void>

/**
 * The connections of the least-privilege role. `Tables` is the sum of what the rooms own; a room asks for its own part.
 *
 * Every query ends within 2.8 s: with rows, or with Problem `database-unavailable` (not reachable, frozen, pool
 * exhausted). A query that the database itself refuses rejects with the driver's error.
 */
export type Database<Tables> = {
  /**
   * Runs `work` in a transaction with the claims of the caller: row-level security hides what they may not see and
   * refuses what they may not change. Committed when `work` fulfils, rolled back when it rejects.
   */
  as<Result>(
    caller: DatabaseCaller,
    work: (db: Kysely<Tables>, audit: Audit) => Promise<Result>,
  ): Promise<Result>
  /** The same without bounds, for what an operator does at the command line and for sign-in. */
  asSystem<Result>(work: (db: Kysely<Tables>, audit: Audit) => Promise<Result>): Promise<Result>
  /** The server's own work, which no caller's claims bound: what every replica keeps in memory, sweeps, sign-in. */
  readonly system: Kysely<Tables>
  /** Neither a caller nor the server: row-level security hides every row. */
  readonly nobody: Kysely<Tables>
  /** Asks over a connection of its own, never the pool; answers within a second. */
  check(): Promise<DatabaseHealth>
  /** For metrics. */
  connections(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

/**
 * What a caller adds to the transaction that makes a thing, told of the thing; called last in it. When it rejects,
 * nothing was made.
 */
export type WithinTransaction<Made> = (db: QueryExecutorProvider, made: Made) => Promise<void>
