import type { Clock } from '../kit/clock.ts'
import { createFreshCache } from '../kit/fresh-cache.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import type { KnownEmbed } from './embed.ts'
import { createEmbedStore, type EmbedTables } from './store.ts'

/** Bus topic; the message is the id of an embed that was changed or removed. */
const embedsChanged = 'embeds'

/** How old an embed may be where the bus is not heard. */
const staleMs = 5000
const mostKnown = 1000

/** The embeds in memory, so that a look at one asks no database. */
export type EmbedMemory = {
  /** In memory or not, and how many are looked for in vain is the caller's to limit. */
  isKnown(key: string): boolean
  find(key: string): Promise<KnownEmbed | undefined>
  changed(id: string): Promise<void>
  /** Aborts when the embed is changed or removed: who follows a run by it comes back, and is told. */
  untilChange(id: string, signal: AbortSignal): { signal: AbortSignal; release(): void }
  close(): void
}

export function createEmbedMemory({
  database,
  bus,
  clock,
  log,
}: {
  database: Database<EmbedTables>
  bus: Bus
  clock: Clock
  log: Log
}): EmbedMemory {
  const store = createEmbedStore(database.system)
  const known = createFreshCache<string, KnownEmbed>({ load: store.known, clock, staleMs, max: mostKnown })
  const readers = new Map<string, Set<AbortController>>()

  function forget(id: string): void {
    known.forget(({ embed }) => embed.id === id)
    for (const reader of readers.get(id) ?? []) reader.abort()
  }

  const stopListening = bus.subscribe(embedsChanged, forget)
  const stopGaps = bus.onGap(() => {
    known.clear()
    // Any of them may have been changed meanwhile; who follows comes back.
    for (const open of readers.values()) for (const reader of open) reader.abort()
  })

  return {
    isKnown: key => known.peek(key) !== undefined,
    find: async key => known.get(key, key),

    async changed(id) {
      forget(id)
      // The row is committed; a replica that does not hear of it knows within `staleMs`.
      await bus.publish(embedsChanged, id).catch(error => log.warn('bus-publish-fail', { err: error }))
    },

    untilChange(id, signal) {
      const reader = new AbortController()
      const open = readers.get(id) ?? new Set()
      readers.set(id, open.add(reader))
      return {
        signal: AbortSignal.any([signal, reader.signal]),
        release() {
          open.delete(reader)
          if (open.size === 0 && readers.get(id) === open) readers.delete(id)
        },
      }
    },

    close() {
      stopListening()
      stopGaps()
    },
  }
}
