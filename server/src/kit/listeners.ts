import type { Log } from './log.ts'

/** Who listens to which topic. */
export type Listeners = {
  subscribe(topic: string, listener: (message: string) => void): () => void
  onGap(listener: () => void): () => void
  deliver(topic: string, message: string): void
  gap(): void
  clear(): void
}

/** The same for every bus. A listener that throws never keeps the others from hearing. */
export function createListeners(log: Log): Listeners {
  const byTopic = new Map<string, Set<(message: string) => void>>()
  const onGaps = new Set<() => void>()

  function call(work: () => void): void {
    try {
      work()
    } catch (error) {
      log.error('bus-listener-failed', { err: error })
    }
  }

  return {
    subscribe(topic, listener) {
      // A function of our own, so that one listener subscribed twice hears twice and is removed one by one.
      const entry = (message: string) => listener(message)
      const entries = byTopic.get(topic) ?? new Set()
      byTopic.set(topic, entries.add(entry))
      return () => {
        entries.delete(entry)
        if (entries.size === 0 && byTopic.get(topic) === entries) byTopic.delete(topic)
      }
    },
    onGap(listener) {
      const entry = () => listener()
      onGaps.add(entry)
      return () => {
        onGaps.delete(entry)
      }
    },
    deliver(topic, message) {
      for (const entry of [...(byTopic.get(topic) ?? [])]) call(() => entry(message))
    },
    gap() {
      for (const entry of [...onGaps]) call(entry)
    },
    clear() {
      byTopic.clear()
      onGaps.clear()
    },
  }
}
