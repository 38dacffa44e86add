import type { Log } from '../kit/log.ts'
import type { FileStore } from '../ports/file-store.ts'
import { keyOf } from './discard.ts'
import type { FilesStore } from './store.ts'

/** An upload stores its bytes last and names them at once. */
const staleMs = 3_600_000
const atATime = 500
const firstId = '00000000-0000-0000-0000-000000000000'
/** Beyond this many the log says no more than the number. */
const mostReported = 20

/**
 * Removes bytes that no row names and reports rows whose bytes are gone. Rows are looked at one by one only when the
 * counts differ, so that a sound store costs one list and no memory.
 * @param now Milliseconds since the epoch.
 */
export async function sweepObjects(
  { store, files, log }: { store: FilesStore; files: FileStore; log: Log },
  now: number,
): Promise<void> {
  const before = new Date(now - staleMs)
  let namedBefore = 0
  let keys: string[] = []

  async function check(): Promise<void> {
    const versionOf = (key: string) => key.slice(keyOf('').length)
    const known = await store.knownVersions(keys.map(versionOf).filter(isVersion))
    for (const key of keys) {
      const writtenAt = known.get(versionOf(key))
      if (writtenAt !== undefined) {
        if (writtenAt < before) namedBefore += 1
        continue
      }
      await files.remove(key)
      log.warn('file-sweep', { key, reason: 'no row names it' })
    }
    keys = []
  }

  for await (const file of files.list(keyOf(''))) {
    if (file.storedAt < before.getTime()) keys.push(file.key)
    if (keys.length >= atATime) await check()
  }
  if (keys.length > 0) await check()
  if (namedBefore < (await store.countBefore(before))) await reportMissing(store, files, log, before)
}

async function reportMissing(store: FilesStore, files: FileStore, log: Log, before: Date): Promise<void> {
  let missing = 0
  let after = firstId
  for (;;) {
    const rows = await store.versionsAfter(after, before, atATime)
    for (const row of rows) {
      after = row.id
      if (await isThere(files, row.version)) continue
      missing += 1
      if (missing <= mostReported)
        log.error('object-bytes-missing', { object: row.id, bucket: row.bucket_id, version: row.version })
    }
    if (rows.length < atATime) break
  }
  if (missing > 0) log.error('objects-without-bytes', { count: missing })
}

async function isThere(files: FileStore, version: string): Promise<boolean> {
  try {
    const stream = await files.read(keyOf(version), { start: 0, end: 0 })
    stream.on('error', () => {}).destroy()
    return true
  } catch {
    return false
  }
}

function isVersion(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
