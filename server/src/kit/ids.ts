import { randomFillSync } from 'node:crypto'

/** Makes identifiers; a dependency, so that a test can foretell them. */
export type Ids = {
  /** A UUID whose order is the order of time (RFC 9562, version 7). */
  uuid(): string
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Random bytes are drawn 256 ids at a time: one draw per id cost 4 times as much on the prediction path.
 * Ids of one millisecond are kept in order by a counter in the 12 bits after the version.
 */
export function createIds(now: () => number = Date.now): Ids {
  const pool = new Uint8Array(8 * 256)
  let offset = pool.length
  let lastMs = 0
  let counter = 0

  function next(): number {
    return pool[offset++] ?? 0
  }

  return {
    uuid() {
      if (offset + 8 > pool.length) {
        randomFillSync(pool)
        offset = 0
      }
      const ms = now()
      if (ms > lastMs) {
        lastMs = ms
        counter = 0
      } else if (++counter > 0xfff) {
        lastMs += 1
        counter = 0
      }
      const time = lastMs.toString(16).padStart(12, '0')
      const sequence = counter.toString(16).padStart(3, '0')
      const variant = hex[0x80 | (next() & 0x3f)]
      return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant}${hex[next()]}-${hex[next()]}${hex[next()]}${hex[next()]}${hex[next()]}${hex[next()]}${hex[next()]}`
    },
  }
}
