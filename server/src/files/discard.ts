import type { Log } from '../kit/log.ts'
import type { FileStore } from '../ports/file-store.ts'

const atATime = 8

/** Where the bytes of a version lie. */
export function keyOf(version: string): string {
  return `objects/${version}`
}

/**
 * Removes the bytes of versions that no row names any more. It never fails: what could not be removed is for the sweep.
 */
export function createDiscard({ files, log }: { files: FileStore; log: Log }) {
  return async function discard(versions: readonly string[]): Promise<void> {
    const left = [...versions]
    async function work(): Promise<void> {
      for (let version = left.pop(); version !== undefined; version = left.pop()) {
        await files
          .remove(keyOf(version))
          .catch(error => log.warn('object-discard-fail', { version, err: error }))
      }
    }
    await Promise.all(Array.from({ length: atATime }, work))
  }
}
