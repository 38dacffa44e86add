import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { type Log, silentLog } from '../kit/log.ts'
import { openGround, placeDatabase } from '../start/choose.ts'
import { readConfiguration } from '../start/declared-models.ts'
import { migrationsFolder, sampleModelFile } from '../start/paths.ts'
import type { Config } from '../start/settings.ts'
import { checkAuditLog } from './audit-check.ts'

type Check = { name: string; run(): Promise<string> }

/** One line per part, then exit code 1 when any of them failed. Starts the embedded database when none is running, and creates it where there is none yet; migrates nothing. */
export async function doctorCommand(): Promise<void> {
  const { config } = await readConfiguration(process.env, process.cwd())
  let failed = 0
  for (const check of checks(config, silentLog)) {
    try {
      console.log(`ok    ${check.name}: ${await check.run()}`)
    } catch (error) {
      failed += 1
      console.log(`FAIL  ${check.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (failed > 0) process.exitCode = 1
}

function checks(config: Config, log: Log): Check[] {
  return [
    {
      name: 'configuration',
      run: async () =>
        `${config.ENVIRONMENT}, ${config.DATABASE_URL === undefined ? 'embedded database' : 'external database'}`,
    },
    {
      name: 'model runtime',
      async run() {
        const session = await createOnnxRuntime({ log }).openSession(sampleModelFile, 'thread')
        await session.close()
        return `loads the sample in ${Math.round(session.loadMs)} ms`
      },
    },
    {
      name: 'database and storage',
      async run() {
        const place = await placeDatabase(config, log, true)
        try {
          const ground = await openGround(config, place, log)
          try {
            const health = await ground.database.check()
            if (!health.ok) throw new Error(health.reason)
            await ground.files.check()
            const pending = await pendingMigrations({ db: ground.database.system, folder: migrationsFolder })
            return pending.length === 0
              ? 'answers, up to date, writable'
              : `answers; ${pending.length} migrations pending (roundhouse migrate)`
          } finally {
            await ground.close()
          }
        } finally {
          await place.embedded?.stop()
        }
      },
    },
    { name: 'audit log', run: () => checkAuditLog(config, log) },
  ]
}
