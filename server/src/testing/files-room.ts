import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { openFolderStore } from '../adapters/files/folder.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { createFiles } from '../files/files.ts'
import type { FileTables } from '../files/store.ts'
import { createIds } from '../kit/ids.ts'
import type { FileStore } from '../ports/file-store.ts'
import { newCaller } from './callers.ts'
import { defer, type Scope } from './defer.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { testDatabase } from './test-database.ts'
import { turnedClock } from './turned-clock.ts'

export type FilesRoom = Awaited<ReturnType<typeof openFilesRoom>>

/**
 * The files room on a database and a folder of its own, with a user `ann`. Files have up to 1000 bytes.
 * @param change What the file store does instead of what the folder does.
 */
export async function openFilesRoom(
  scope: Scope,
  change: (files: FileStore) => Partial<FileStore> = () => ({}),
) {
  const { appUrl } = await testDatabase(scope)
  const folder = await openFolderStore({ folder: await temporaryFolder(scope) })
  const ids = createIds()
  const clock = turnedClock(Date.now())
  const lines: { event: string; fields: Record<string, unknown> }[] = []
  const note = (event: string, fields: Record<string, unknown> = {}) => void lines.push({ event, fields })
  const log = { debug: note, info: note, warn: note, error: note }

  /** A server of its own over this file store, with the database given. */
  function serve(databaseUrl: string) {
    const database = openDatabase<FileTables>({
      url: databaseUrl,
      applicationName: 'files',
      max: 4,
      systemMax: 2,
      log,
    })
    defer(scope, database.close)
    const files = createFiles({
      database,
      files: { ...folder, ...change(folder) },
      ids,
      clock,
      log,
      secretKeys: ['s'.repeat(40)],
      maxFileBytes: 1000,
    })
    defer(scope, () => files.close(0))
    return { database, files }
  }

  const { database, files } = serve(appUrl)
  const ann = await newCaller(database.system)
  const name = `${ann.userId}/a.txt`
  return {
    database,
    files,
    /** What is stored, beneath `change`. */
    store: folder,
    serve,
    lines,
    clock,
    ann,
    name,
    /** Stores for ann, replacing what is there. */
    put: (text: string | Readable, more: object = {}) =>
      files.objects.put(ann, {
        bucket: 'reports',
        name,
        source: typeof text === 'string' ? Readable.from([Buffer.from(text)]) : text,
        contentType: 'text/plain',
        upsert: true,
        ...more,
      }),
    /** Whether someone waits for a row that another transaction has changed. */
    async waitsForLock(): Promise<boolean> {
      const { rows } = await sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        database.system,
      )
      return rows.length > 0
    },
    /** Where the bytes of objects lie. */
    async keys(): Promise<string[]> {
      const found: string[] = []
      for await (const { key } of folder.list('objects/')) found.push(key)
      return found
    },
    async text(of = name): Promise<string> {
      const { stream } = await files.objects.open(ann, 'reports', of)
      return Buffer.concat(await stream.toArray()).toString()
    },
  }
}
