import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../kit/log.ts'
import type { FileStore } from '../ports/file-store.ts'

const atATime = 8
/** A full bucket that is emptied. More are left to the sweep. */
const mostWaiting = 200_000

/** Where the bytes of a version lie. */
export function keyOf(version: string): string {
  return `objects/${version}`
}

/** Removes the bytes of versions that no row names any more. It never fails: what could not be removed is for the sweep. */
export type Discard = ReturnType<typeof createDiscard>

export function createDiscard({ files, log }: { files: FileStore; log: Log }) {
  const waiting: string[] = []
  const workers = new Set<Promise<void>>()
  let working = 0

  async function remove(version: string): Promise<void> {
    await files
      .remove(keyOf(version))
      .catch(error => log.warn('object-discard-fail', { version, err: error }))
  }

  async function work(): Promise<void> {
    working += 1
    for (let version = waiting.pop(); version !== undefined; version = waiting.pop()) await remove(version)
    working -= 1
  }

  return {
    /** Fulfils when they are gone. */
    now: remove,

    /** Goes on behind the answer: a thousand objects are a thousand requests to an S3 storage. */
    later(versions: readonly string[]): void {
      waiting.push(...versions.slice(0, mostWaiting - waiting.length))
      while (working < atATime && waiting.length > 0) {
        const worker = work().finally(() => workers.delete(worker))
        workers.add(worker)
      }
    },

    /** Waits for what `later` was given. What is not gone in time is left to the sweep. */
    async close(limitMs: number): Promise<void> {
      const waited = new AbortController()
      const limit = delay(limitMs, undefined, { signal: waited.signal }).catch(() => {})
      await Promise.race([Promise.all(workers), limit])
      waited.abort()
      if (waiting.length > 0) log.info('object-discard-rest', { count: waiting.length })
      waiting.length = 0
    },
  }
}
