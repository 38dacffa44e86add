import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'

/** A file that is stored while it is written. */
export type Part = {
  /** Waits while the store is slower. @throws what storing it throws. */
  write(text: string): Promise<void>
  /** Its name, once it is stored. */
  finish(): Promise<string>
  /** Nothing is kept. */
  abort(reason: unknown): Promise<void>
}

const bufferBytes = 256 * 1024

/** @param store Stores what the stream gives and tells under which version; nothing when the stream fails. */
export function openPart(store: (source: Readable) => Promise<string>): Part {
  const stream = new PassThrough({ highWaterMark: bufferBytes })
  // The store may not listen yet, or no more.
  stream.on('error', () => {})
  const stored = store(stream)
  // Told of by whoever writes next.
  stored.catch(error => stream.destroy(error))
  return {
    async write(text) {
      if (stream.destroyed) await stored
      if (stream.write(text)) return
      await Promise.race([once(stream, 'drain'), stored])
    },
    finish() {
      stream.end()
      return stored
    },
    async abort(reason) {
      stream.destroy(reason instanceof Error ? reason : new Error('The batch was broken off.'))
      await stored.catch(() => {})
    },
  }
}
