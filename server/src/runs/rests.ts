import type { Log } from '../kit/log.ts'
import type { RunStore } from './store.ts'

export type Rests = {
  /** Fulfils when the run has ended, waits for a person or is gone, or by the signal. It may be told a look too late. */
  wait(id: string, signal: AbortSignal): Promise<void>
}

const lookMs = 1000

/** Of all who wait for runs of other processes: one look a second, however many they are. */
export function createRests(dependencies: { store: Pick<RunStore, 'underWayOf'>; log: Log }): Rests {
  const { store, log } = dependencies
  const waiting = new Map<string, Set<() => void>>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  async function look(): Promise<void> {
    // Only of those that are asked about: who comes meanwhile is not told.
    const asked = [...waiting.keys()]
    const underWay = new Set(await store.underWayOf(asked))
    for (const id of asked) if (!underWay.has(id)) for (const tell of waiting.get(id) ?? []) tell()
  }

  function lookSoon(): void {
    timer ??= setInterval(() => {
      if (isLooking) return
      isLooking = true
      look()
        .catch(error => log.debug('run-look-fail', { err: error }))
        .finally(() => (isLooking = false))
    }, lookMs).unref()
  }

  return {
    async wait(id, signal) {
      if (signal.aborted) return
      const told = Promise.withResolvers<void>()
      const tell = () => told.resolve()
      const those = waiting.get(id) ?? new Set()
      waiting.set(id, those.add(tell))
      signal.addEventListener('abort', tell, { once: true })
      lookSoon()
      try {
        await told.promise
      } finally {
        signal.removeEventListener('abort', tell)
        those.delete(tell)
        if (those.size === 0 && waiting.get(id) === those) waiting.delete(id)
        if (waiting.size === 0) {
          clearInterval(timer)
          timer = undefined
        }
      }
    },
  }
}
