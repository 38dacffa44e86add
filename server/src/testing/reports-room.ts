import { fileURLToPath } from 'node:url'
import { openFolderStore } from '../adapters/files/folder.ts'
import { createTypesetter } from '../adapters/typst/typesetter.ts'
import type { CreditTables } from '../credits/store.ts'
import { createFiles } from '../files/files.ts'
import type { FileTables } from '../files/store.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createReports } from '../reports/reports.ts'
import type { ReportTables } from '../reports/store.ts'
import { shippedTemplates } from '../reports/templates.ts'
import { defer, type Scope } from './defer.ts'
import { openTestDatabase } from './open-test-database.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Tables = ReportTables & FileTables & CreditTables

/** Reports, with the files they are kept in, on a database and a folder of their own; by the real typesetter. */
export async function openReportsRoom(scope: Scope) {
  const { database } = await openTestDatabase<Tables>(scope, { max: 4, systemMax: 2 })
  const folder = await temporaryFolder(scope)
  const common = { database, ids: createIds(), clock: systemClock, log: silentLog }
  const files = createFiles({
    ...common,
    files: await openFolderStore({ folder }),
    secretKeys: ['a secret key of the tests with more than 32 characters'],
    maxFileBytes: 100_000_000,
  })
  const templatesFolder = fileURLToPath(new URL('../../templates', import.meta.url))
  const typesetter = createTypesetter({
    log: silentLog,
    fontsFolder: `${templatesFolder}/fonts`,
    timeoutMs: 30_000,
    memoryBytes: 1_000_000_000,
  })
  defer(scope, () => typesetter.close())
  const templates = shippedTemplates(templatesFolder)
  const reports = createReports({ ...common, files, typesetter, templates })
  return { database, common, folder, files, reports }
}
