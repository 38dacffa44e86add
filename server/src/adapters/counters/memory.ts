import { type Clock, systemClock } from '../../kit/clock.ts'
import { createWindows, secondsLeft } from '../../kit/windows.ts'
import type { Counters } from '../../ports/counters.ts'

/** About 15 MB for each length of window. */
const maxKeys = 100_000

/** Counts in this process alone. Past `maxKeys` keys in one window the one that came first is forgotten. */
export function createMemoryCounters(options: { clock?: Clock; maxKeys?: number } = {}): Counters {
  const { clock = systemClock } = options
  const most = options.maxKeys ?? maxKeys
  const windows = createWindows({ clock, create: () => new Map<string, number>() })

  return {
    add(key, windowSeconds, amount = 1) {
      const nowMs = clock.now()
      const window = windows.at(windowSeconds, nowMs)
      const { counted } = window
      const before = counted.get(key)
      if (before === undefined && counted.size >= most)
        for (const [first] of counted) {
          counted.delete(first)
          break
        }
      const count = (before ?? 0) + amount
      counted.set(key, count)
      return { count, resetSeconds: secondsLeft(window, nowMs) }
    },
    peek(key, windowSeconds) {
      const nowMs = clock.now()
      const window = windows.at(windowSeconds, nowMs)
      return { count: window.counted.get(key) ?? 0, resetSeconds: secondsLeft(window, nowMs) }
    },
    async close() {},
  }
}
