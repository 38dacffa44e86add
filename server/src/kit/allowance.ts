/** Lets through a burst, then so many a second (a token bucket). */
export type Allowance = { take(): boolean }

/** @param elapsed Milliseconds, never backwards: by a clock that was put back an hour nothing would pass for an hour. */
export function createAllowance(options: {
  perSecond: number
  burst: number
  elapsed: () => number
}): Allowance {
  const { perSecond, burst, elapsed } = options
  let tokens = burst
  let filledAt = elapsed()

  return {
    take() {
      const time = elapsed()
      tokens = Math.min(burst, tokens + ((time - filledAt) / 1000) * perSecond)
      filledAt = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
