import type { Kysely } from 'kysely'
import type { Audit, Database, DatabaseCaller } from '../ports/database.ts'

/** Who changes something: a caller, or the operator at the command line, whom the audit log calls `system`. */
export type Actor = DatabaseCaller | 'system'

/** One transaction of the actor: what it changes and its audit entry are both there or neither is. */
export function act<Tables, Result>(
  database: Database<Tables>,
  actor: Actor,
  work: (db: Kysely<Tables>, audit: Audit) => Promise<Result>,
): Promise<Result> {
  return actor === 'system' ? database.asSystem(work) : database.as(actor, work)
}
