/** A job that brings its process down mostly does so soon. */
const watchedMs = 30_000

/**
 * Jobs whose last process died, one after the other: next to each other the innocent would be blamed again and again
 * for what one of them does. After half a minute the next may begin beside the one before.
 */
export function createSuspects(): {
  /** @throws The reason of the signal while it waits. */
  alone<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result>
} {
  let last: Promise<unknown> = Promise.resolve()

  return {
    async alone(signal, work) {
      const before = last
      const mine = Promise.withResolvers<void>()
      last = mine.promise
      try {
        await before
        signal.throwIfAborted()
        const timer = setTimeout(mine.resolve, watchedMs)
        timer.unref()
        try {
          return await work()
        } finally {
          clearTimeout(timer)
        }
      } finally {
        mine.resolve()
      }
    },
  }
}
