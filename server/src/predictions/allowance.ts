/** Lets through a burst, then so many a second (a token bucket). */
export type Allowance = { take(): boolean }

export function createAllowance(options: { perSecond: number; burst: number; now: () => number }): Allowance {
  const { perSecond, burst, now } = options
  let tokens = burst
  let filledAt = now()

  return {
    take() {
      const time = now()
      tokens = Math.min(burst, tokens + ((time - filledAt) / 1000) * perSecond)
      filledAt = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
