import { openDatabase } from '../adapters/postgres/database.ts'
import { silentLog } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import { defer, type Scope } from './defer.ts'
import { type TestDatabase, testDatabase } from './test-database.ts'

/** A fresh, migrated database, opened as the least-privilege role. It goes when the scope ends. */
export async function openTestDatabase<Tables>(
  scope: Scope,
  { max, systemMax = 1 }: { max: number; systemMax?: number },
): Promise<TestDatabase & { database: Database<Tables> }> {
  const made = await testDatabase(scope)
  const database = openDatabase<Tables>({
    url: made.appUrl,
    applicationName: 'rh-test',
    max,
    systemMax,
    log: silentLog,
  })
  defer(scope, database.close)
  return { ...made, database }
}
