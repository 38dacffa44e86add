import { Problem, type Usage, type UsageBy } from '@roundhouse/sdk/contract'
import type { Database, DatabaseCaller } from '../../ports/database.ts'
import type { AdminTables } from '../store.ts'
import { createUsageStore } from './store.ts'
import { createUsageSums } from './sums.ts'

/**
 * What agents and models were used for and what it cost, from `from` (included) to `to` (not included).
 * @param signal Of the time there is; past it Problem `database-unavailable`.
 * @throws Problem `invalid-request` for more than 92 days, or none.
 */
export type AdminUsage = (
  caller: DatabaseCaller,
  asked: { readonly from: Date; readonly to: Date; readonly by: UsageBy },
  signal: AbortSignal,
) => Promise<Usage>

const mostRows = 1000
const mostDays = 92
const dayMs = 86_400_000
/**
 * Asked for at a time: 300,000 rows took 1.3 s in one query (2026-11-21, 2 busy cores), and no query may take more than
 * 1.8 s; nor does one of these keep a connection from others for long.
 */
const partMs = dayMs

export function createAdminUsage(dependencies: { database: Database<AdminTables> }): AdminUsage {
  const { database } = dependencies

  async function named(caller: DatabaseCaller, by: UsageBy, keys: readonly (string | null)[]) {
    const known = keys.filter(key => key !== null)
    if (by !== 'agent' && by !== 'user') return new Map(known.map(key => [key, key]))
    return await database.as(caller, db => createUsageStore(db).names(by, known))
  }

  return async (caller, { from, to, by }, signal) => {
    const days = (to.getTime() - from.getTime()) / dayMs
    if (!(days > 0)) throw new Problem('invalid-request', 'from: has to be before to.')
    if (days > mostDays)
      throw new Problem('invalid-request', `from: ${mostDays} days before to at most. Ask for parts of it.`)
    const sums = createUsageSums()
    for (let at = from.getTime(); at < to.getTime(); at += partMs) {
      if (signal.aborted)
        throw new Problem('database-unavailable', 'That is too much to add up in time. Ask for fewer days.')
      const range = { from: new Date(at), to: new Date(Math.min(at + partMs, to.getTime())) }
      sums.add(await database.as(caller, db => createUsageStore(db).parts(by, range)))
    }
    const rows = sums.rows(by)
    const told = rows.slice(0, mostRows)
    const names = await named(
      caller,
      by,
      told.map(({ key }) => key),
    )
    return {
      from: from.toISOString(),
      to: to.toISOString(),
      by,
      data: told.map(row => ({ ...row, name: row.key === null ? null : (names.get(row.key) ?? null) })),
      is_cut: rows.length > mostRows,
    }
  }
}
