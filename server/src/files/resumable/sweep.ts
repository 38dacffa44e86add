import type { Log } from '../../kit/log.ts'
import type { FileStore } from '../../ports/file-store.ts'
import type { ResumableStore } from './store.ts'

const keysAtATime = 500
/** A piece is stored before its row. */
const staleMs = 3_600_000

/** Ends the uploads that have expired, and removes the pieces that no upload needs any more: their row comes before them. */
export async function sweepUploads(
  { store, files, log }: { store: ResumableStore; files: FileStore; log: Log },
  now: Date,
): Promise<void> {
  await store.removeExpired(now)
  let keys: string[] = []
  async function removeUnneeded(): Promise<void> {
    const needed = await store.unfinished([...new Set(keys.map(uploadOf))])
    const unneeded = keys.filter(key => !needed.has(uploadOf(key)))
    for (const key of unneeded) await files.remove(key)
    if (unneeded.length > 0) log.info('upload-sweep', { pieces: unneeded.length })
    keys = []
  }
  for await (const { key, storedAt } of files.list('uploads/')) {
    if (storedAt < now.getTime() - staleMs) keys.push(key)
    if (keys.length >= keysAtATime) await removeUnneeded()
  }
  if (keys.length > 0) await removeUnneeded()
}

function uploadOf(key: string): string {
  return key.split('/')[1] ?? ''
}
