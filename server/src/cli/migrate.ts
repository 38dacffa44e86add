import { createPinoLog } from '../adapters/log/pino.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { placeDatabase } from '../start/choose.ts'
import { readConfiguration } from '../start/declared-models.ts'
import { appMigrationsFolder } from '../start/declared-tasks.ts'
import { installer } from '../start/install.ts'
import { migrationsFolder } from '../start/paths.ts'

/** Brings the database up to this version, and to the migrations of the working folder; beside a running server too. */
export async function migrateCommand(): Promise<void> {
  const { config, declared } = await readConfiguration(process.env, process.cwd())
  const log = createPinoLog({ level: config.LOG_LEVEL })
  const place = await placeDatabase(config, log, true)
  try {
    const { applied } = await migrate({
      url: place.adminUrl,
      folder: migrationsFolder,
      install: installer(log),
      appFolder: appMigrationsFolder(declared.file),
      log,
    })
    log.flush()
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
  } finally {
    await place.embedded?.stop()
    log.flush()
  }
}
