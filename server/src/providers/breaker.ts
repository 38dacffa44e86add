import type { Clock } from '../kit/clock.ts'

/** One call's way through the breaker; exactly one of the last three ends it. */
export type Pass = {
  /** The provider has begun to answer: others may follow, though the call is not over. */
  began(): void
  succeeded(): void
  failed(): void
  /** The call was given up, which says nothing of the provider. */
  left(): void
}

/** Keeps calls away from a provider that fails, so that nobody waits for what will not come. */
export type Breaker = {
  /** Undefined while it is open, and while one call tries whether the provider is back. */
  enter(): Pass | undefined
}

const mostFailures = 5
const openMs = 10_000

/** Opens after 5 failures in a row for 10 s; then one call is let through, and what becomes of it decides. */
export function createBreaker(clock: Clock, onOpen: () => void): Breaker {
  let failures = 0
  let openUntil = 0
  let isProbing = false

  return {
    enter() {
      const isProbe = failures >= mostFailures
      if (isProbe && (isProbing || clock.now() < openUntil)) return undefined
      if (isProbe) isProbing = true

      const endProbe = () => {
        if (isProbe) isProbing = false
      }
      return {
        began() {
          endProbe()
          // Not forgiven before it has answered whole: the next failure opens it again.
          failures = Math.min(failures, mostFailures - 1)
        },
        succeeded() {
          endProbe()
          failures = 0
        },
        failed() {
          endProbe()
          failures += 1
          if (failures < mostFailures) return
          openUntil = clock.now() + openMs
          onOpen()
        },
        left: endProbe,
      }
    },
  }
}
