import { type DatabaseTimeouts, openDatabase } from '../adapters/postgres/database.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import { placeDatabase } from '../start/choose.ts'
import { migrationsFolder } from '../start/paths.ts'
import type { Config } from '../start/settings.ts'

/** Runs `work` on the database of this configuration, beside a running server too, and closes everything again. */
export async function withDatabase<Tables, Result>(
  options: { config: Config; log: Log; timeouts?: DatabaseTimeouts },
  work: (database: Database<Tables>) => Promise<Result>,
): Promise<Result> {
  const { config, log, timeouts } = options
  const place = await placeDatabase(config, log, true)
  try {
    const database = openDatabase<Tables>({
      url: place.appUrl,
      ...(place.role === undefined ? {} : { role: place.role }),
      applicationName: `rh-cli-${process.pid}`,
      max: 1,
      systemMax: 1,
      log,
      ...(timeouts === undefined ? {} : { timeouts }),
    })
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  } finally {
    await place.embedded?.stop()
  }
}

/** The same, for what needs every table. @throws Error when migrations are pending. */
export function withMigratedDatabase<Tables, Result>(
  options: { config: Config; log: Log },
  work: (database: Database<Tables>) => Promise<Result>,
): Promise<Result> {
  return withDatabase<Tables, Result>(options, async database => {
    if (await isBehind(database))
      throw new Error('The database is not of this version. Run `roundhouse migrate` first.')
    return work(database)
  })
}

/** Migrations are pending. */
export async function isBehind<Tables>(database: Database<Tables>): Promise<boolean> {
  const pending = await pendingMigrations({ db: database.system, folder: migrationsFolder })
  return pending.length > 0
}
