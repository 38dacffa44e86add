import type { Kysely } from 'kysely'

/** True when the database answers; else the sentence that says why not. */
export type DatabaseHealth = { ok: true } | { ok: false; reason: string }

/**
 * The connection of the least-privilege role. `Tables` is the sum of what the rooms own; a room asks for its own part.
 *
 * Every query ends within 2.8 s: with rows, or with Problem `database-unavailable` (not reachable, frozen, pool
 * exhausted). A query that the database itself refuses rejects with the driver's error.
 */
export type Database<Tables> = {
  readonly db: Kysely<Tables>
  /** Asks over a connection of its own, never the pool; answers within a second. */
  check(): Promise<DatabaseHealth>
  /** For metrics. */
  connections(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}
