import { type AdminStats, adminStats } from '@roundhouse/sdk/contract'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import { type AdminTables, createAdminStore } from './store.ts'

/** What there is of everything, counted by `get_admin_stats()`, which the database answers to administrators only. */
export type Stats = (caller: DatabaseCaller) => Promise<AdminStats>

export function createStats(dependencies: { database: Database<AdminTables> }): Stats {
  const { database } = dependencies
  return async caller => adminStats.parse(await database.as(caller, db => createAdminStore(db).stats()))
}
