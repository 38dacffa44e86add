/** Time as a dependency, so that a test can turn it. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since some moment, in fractions, never backwards: for durations. */
  elapsed(): number
  /** Calls back once after `ms`; returns the cancellation. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
