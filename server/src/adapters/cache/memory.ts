import { LRUCache } from 'lru-cache'
import { type Clock, systemClock } from '../../kit/clock.ts'
import type { Cache } from '../../ports/cache.ts'

/** What an entry costs beside its bytes: list links, the key, the typed array's header. An estimate. */
const entryOverheadBytes = 200

/**
 * A cache in this process: the least recently used entries go when their bytes pass `maxBytes`.
 *
 * Values are copied in, so that a small view never keeps a large buffer alive; what `get` returns is the
 * cache's own and must not be written to.
 */
export function createMemoryCache(options: { maxBytes: number; clock?: Clock }): Cache {
  const entries = new LRUCache<string, Uint8Array>({
    maxSize: options.maxBytes,
    sizeCalculation: (value, key) => value.byteLength + 2 * key.length + entryOverheadBytes,
    perf: options.clock ?? systemClock,
    // 0 asks the clock each time; anything else holds its answer with a timer of its own.
    ttlResolution: 0,
  })

  return {
    get: key => entries.get(key),
    set(key, value, ttlSeconds) {
      // lru-cache reads a time to live of 0 as "for ever".
      if (ttlSeconds > 0) entries.set(key, new Uint8Array(value), { ttl: Math.ceil(ttlSeconds * 1000) })
      else entries.delete(key)
    },
    async clear(prefix) {
      for (const key of [...entries.keys()]) if (key.startsWith(prefix)) entries.delete(key)
    },
    size: () => entries.size,
    health: () => ({ kind: 'memory', ok: true }),
    async close() {
      entries.clear()
    },
  }
}
