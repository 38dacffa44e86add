import { isProblem } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import type { FileStore } from '../../ports/file-store.ts'
import { keyOf } from '../discard.ts'
import type { SweepStore } from './store.ts'

/** An upload stores its bytes last and names them at once. */
const staleMs = 3_600_000
const atATime = 500
const firstId = '00000000-0000-0000-0000-000000000000'
/** Beyond this many the log says no more than the number. */
const mostReported = 20
/** More bytes that no row ever named than this, and than this share of all, are no leftovers of broken uploads. */
const mostStrays = 100
const mostStraysShare = 0.1
/** Of more the rest is for the next run. */
const straysAtATime = 10_000

/**
 * Removes bytes whose row is gone and, within a bound, bytes that no row ever named; reports rows whose bytes are gone.
 * Rows are looked at one by one only when the counts differ, so that a sound store costs one list and no memory.
 * @param now Milliseconds since the epoch.
 */
export async function sweepObjects(
  { store, files, log }: { store: SweepStore; files: FileStore; log: Log },
  now: number,
): Promise<void> {
  const before = new Date(now - staleMs)
  const strays: string[] = []
  let strayCount = 0
  let listed = 0
  let removed = 0
  let namedBefore = 0
  let keys: string[] = []

  async function check(): Promise<void> {
    const versions = keys.map(versionOf).filter(isVersion)
    const known = await store.knownVersions(versions)
    const removedOnes = await store.removedVersions(versions.filter(version => !known.has(version)))
    for (const key of keys) {
      const writtenAt = known.get(versionOf(key))
      if (writtenAt !== undefined) {
        if (writtenAt < before) namedBefore += 1
      } else if (removedOnes.has(versionOf(key))) {
        await files.remove(key)
        removed += 1
      } else {
        strayCount += 1
        if (strays.length < straysAtATime) strays.push(key)
      }
    }
    keys = []
  }

  for await (const file of files.list(keyOf(''))) {
    listed += 1
    if (file.storedAt < before.getTime()) keys.push(file.key)
    if (keys.length >= atATime) await check()
  }
  if (keys.length > 0) await check()
  if (removed > 0) log.info('file-sweep', { removed })
  // An hour more, for a clock of the file store that differs from the database's.
  await store.forgetRemoved(new Date(before.getTime() - staleMs))
  if (strayCount > Math.max(mostStrays, listed * mostStraysShare)) reportStrays(log, strayCount, listed)
  else await removeStrays(files, log, strays)
  if (namedBefore < (await store.countBefore(before))) await reportMissing(store, files, log, before)
}

async function removeStrays(files: FileStore, log: Log, strays: readonly string[]): Promise<void> {
  for (const key of strays) {
    await files.remove(key)
    log.warn('file-sweep', { key, reason: 'no row names it' })
  }
}

function reportStrays(log: Log, strayCount: number, listed: number): void {
  log.error('file-sweep-stop', {
    unknown: strayCount,
    files: listed,
    detail: `This database does not know ${strayCount} of ${listed} files: it may be the wrong one, or restored to an earlier moment. They stay. Set DATABASE_URL to the database of these files; or, if they may go, remove them from the file store.`,
  })
}

async function reportMissing(store: SweepStore, files: FileStore, log: Log, before: Date): Promise<void> {
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

/** @throws Problem when the store does not answer: then nothing is known of any. */
async function isThere(files: FileStore, version: string): Promise<boolean> {
  try {
    const stream = await files.read(keyOf(version), { start: 0, end: 0 })
    stream.on('error', () => {}).destroy()
    return true
  } catch (error) {
    if (isProblem(error) && error.code === 'not-found') return false
    throw error
  }
}

function versionOf(key: string): string {
  return key.slice(keyOf('').length)
}

function isVersion(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
