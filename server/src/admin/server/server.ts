import { type AdminServer, Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything } from '../../accounts/caller.ts'
import type { Database } from '../../ports/database.ts'
import type { AdminTables } from '../store.ts'
import { createServerStore } from './store.ts'

/** What is known of this process from its start. */
export type OwnFacts = Omit<AdminServer, 'database' | 'migrations' | 'tables'>

/** What runs here, for administrators. @throws Problem `forbidden`, `database-unavailable`. */
export type Server = (caller: Caller) => Promise<AdminServer>

const mostTables = 20

export function createServer(dependencies: {
  database: Database<AdminTables>
  facts: OwnFacts
  /** Names of migrations that this program has and the database lacks. */
  pendingMigrations: () => Promise<readonly string[]>
}): Server {
  const { database, facts, pendingMigrations } = dependencies
  return async caller => {
    if (!mayEverything(caller)) throw new Problem('forbidden', 'Only administrators may do this.')
    const pending = await pendingMigrations()
    return database.as(caller, async db => {
      const store = createServerStore(db)
      const applied = await store.applied()
      return {
        ...facts,
        database: await store.database(),
        migrations: [
          ...applied.map(({ name, applied_at }) => ({ name, applied_at: applied_at.toISOString() })),
          ...pending.map(name => ({ name, applied_at: null })),
        ],
        tables: await store.tables(mostTables),
      }
    })
  }
}
