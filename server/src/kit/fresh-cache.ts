import type { Clock } from './clock.ts'

/** Keeps what was loaded for a few seconds; a value in use is loaded again before it is too old, so that nobody waits. */
export type FreshCache<Subject, Value> = {
  /**
   * Synchronous while a value is fresh enough. Undefined is not kept: what is not there is asked for each time.
   * `subject` is what the value is loaded by, where that is not to be kept as `key`.
   */
  get(key: string, subject: Subject): Value | Promise<Value | undefined>
  /** The value in memory, however it came to be there; never loads. */
  peek(key: string): Value | undefined
  /** A value was there once and has not been found missing since, however old it is now. */
  has(key: string): boolean
  /** Also what is being loaded just now is not kept. */
  forget(matches: (value: Value) => boolean): void
  clear(): void
}

type Entry<Value> = { value: Value; loadedAt: number; reloading: boolean }

/** @param options.staleMs No value is ever older, counted from the moment its load began. */
export function createFreshCache<Subject, Value>(options: {
  load: (subject: Subject) => Promise<Value | undefined>
  clock: Clock
  staleMs: number
  /** Entries at most; the one that was loaded longest ago goes first. */
  max: number
}): FreshCache<Subject, Value> {
  const { load, clock, staleMs, max } = options
  const freshMs = staleMs / 2
  const entries = new Map<string, Entry<Value>>()
  const loading = new Map<string, Promise<Value | undefined>>()
  let generation = 0

  async function fetch(key: string, subject: Subject): Promise<Value | undefined> {
    const startedAt = clock.now()
    const before = generation
    const value = await load(subject)
    // Something was forgotten meanwhile, and this may be it.
    if (before !== generation) return value
    entries.delete(key)
    if (value !== undefined) entries.set(key, { value, loadedAt: startedAt, reloading: false })
    if (entries.size > max) entries.delete(entries.keys().next().value ?? '')
    return value
  }

  /** Callers of one moment share a load. */
  function fetchOnce(key: string, subject: Subject): Promise<Value | undefined> {
    const known = loading.get(key)
    if (known) return known
    const load = fetch(key, subject).finally(() => {
      if (loading.get(key) === load) loading.delete(key)
    })
    loading.set(key, load)
    return load
  }

  function peekEntry(key: string): Entry<Value> | undefined {
    const entry = entries.get(key)
    return entry && clock.now() - entry.loadedAt < staleMs ? entry : undefined
  }

  function forgetLoads(): void {
    generation += 1
    loading.clear()
  }

  return {
    get(key, subject) {
      const entry = peekEntry(key)
      if (!entry) return fetchOnce(key, subject)
      if (!entry.reloading && clock.now() - entry.loadedAt >= freshMs) {
        entry.reloading = true
        // A fault is left to the next caller; at the latest when the value is stale, and then they are told.
        const done = () => {
          entry.reloading = false
        }
        fetchOnce(key, subject).then(done, done)
      }
      return entry.value
    },
    peek: key => peekEntry(key)?.value,
    has: key => entries.has(key),
    forget(matches) {
      forgetLoads()
      for (const [key, { value }] of entries) if (matches(value)) entries.delete(key)
    },
    clear() {
      forgetLoads()
      entries.clear()
    },
  }
}
