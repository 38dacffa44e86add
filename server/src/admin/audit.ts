import type { AuditEntry } from '@roundhouse/sdk/contract'
import { type Actor, act } from '../accounts/actor.ts'
import type { Database } from '../ports/database.ts'
import { type AdminTables, type AuditFilter, createAdminStore } from './store.ts'

/** The administrative acts, in the chain that shows when one of them was changed or taken out afterwards. */
export type AuditLog = {
  /** Newest first. */
  list(caller: Actor, page: AuditFilter): Promise<AuditEntry[]>
  /**
   * The `seq` of the first entry that is not what was written, or null when the chain holds. What was cut off at the
   * end it cannot see: the hash of every entry is also in the log of the server (`audit-append`).
   */
  firstBrokenEntry(): Promise<number | null>
}

export function createAuditLog(dependencies: { database: Database<AdminTables> }): AuditLog {
  const { database } = dependencies
  return {
    list: (caller, page) => act(database, caller, db => createAdminStore(db).listAudit(page)),
    // By the server: a caller whom row-level security hides the entries from would find them all in order.
    firstBrokenEntry: () => createAdminStore(database.system).firstBrokenEntry(),
  }
}
