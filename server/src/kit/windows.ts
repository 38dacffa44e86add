import type { Clock } from './clock.ts'

/** One stretch of the clock, and what was counted in it. */
export type Window<Counted> = {
  readonly seconds: number
  /** Its number since the epoch: the same on every replica whose clock is right. */
  readonly index: number
  readonly endsAt: number
  readonly counted: Counted
}

type Windows<Counted> = {
  /** The window of this length that `nowMs` lies in. The one before it is dropped with all that was counted. */
  at(seconds: number, nowMs: number): Window<Counted>
  /** Those that have not ended. */
  current(): Window<Counted>[]
}

/** One window of each length is kept, so that what has ended costs neither memory nor a sweep. */
export function createWindows<Counted>(options: { clock: Clock; create: () => Counted }): Windows<Counted> {
  const { clock, create } = options
  const bySeconds = new Map<number, Window<Counted>>()

  return {
    at(seconds, nowMs) {
      const kept = bySeconds.get(seconds)
      const index = Math.floor(nowMs / (seconds * 1000))
      if (kept?.index === index) return kept
      const window = { seconds, index, endsAt: (index + 1) * seconds * 1000, counted: create() }
      bySeconds.set(seconds, window)
      return window
    },
    current() {
      const nowMs = clock.now()
      return [...bySeconds.values()].filter(window => window.endsAt > nowMs)
    },
  }
}

/** Whole seconds left, at least 1: a caller told to wait 0 seconds would be refused again. */
export function secondsLeft(window: Window<unknown>, nowMs: number): number {
  return Math.max(1, Math.ceil((window.endsAt - nowMs) / 1000))
}
