import { createPinoLog } from '../adapters/log/pino.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { placeDatabase } from '../start/choose.ts'
import { readConfig } from '../start/config.ts'
import { migrationsFolder } from '../start/paths.ts'

/** Brings the database up to this version; beside a running server too. */
export async function migrateCommand(): Promise<void> {
  const config = readConfig(process.env)
  const log = createPinoLog({ level: config.LOG_LEVEL })
  const place = await placeDatabase(config, log, true)
  try {
    const { applied } = await migrate({ url: place.adminUrl, folder: migrationsFolder, log })
    log.flush()
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
  } finally {
    await place.embedded?.stop()
    log.flush()
  }
}
