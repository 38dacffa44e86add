import type { Log } from '../kit/log.ts'
import type { FileStore } from '../ports/file-store.ts'
import type { ModelStore } from './store.ts'

/** No upload takes longer: the request itself ends after five minutes. */
const staleMinutes = 60
const keysAtATime = 500

/**
 * Frees validations whose process died. Removes bytes that no row names where files lay before they were objects; those
 * of objects are for the sweep of the files room. `now` is milliseconds since the epoch.
 */
export async function sweepModels(
  { store, files, log }: { store: ModelStore; files: FileStore; log: Log },
  now: number,
): Promise<void> {
  await store.resetStaleValidations(staleMinutes)
  let keys: string[] = []
  async function removeUnknown(): Promise<void> {
    const known = await store.knownFileKeys(keys)
    for (const key of keys) {
      if (known.has(key)) continue
      await files.remove(key)
      log.warn('file-sweep', { key, reason: 'no row names it' })
    }
    keys = []
  }
  for await (const file of files.list('models/')) {
    if (now - file.storedAt > staleMinutes * 60_000) keys.push(file.key)
    if (keys.length >= keysAtATime) await removeUnknown()
  }
  if (keys.length > 0) await removeUnknown()
}
