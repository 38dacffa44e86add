import { setTimeout as delay } from 'node:timers/promises'

/** When the next request to a host may go out. */
export type Pace = {
  /** Fulfils when it is the caller's turn. */
  turn(host: string, signal: AbortSignal): Promise<void>
  /** Nobody's turn comes before that. */
  hold(host: string, ms: number): void
}

export function createPace(requestsPerSecond: number): Pace {
  const spacingMs = 1000 / requestsPerSecond
  const hosts = new Map<string, { nextAt: number; heldUntil: number }>()

  function stateOf(host: string): { nextAt: number; heldUntil: number } {
    const state = hosts.get(host) ?? { nextAt: 0, heldUntil: 0 }
    hosts.set(host, state)
    return state
  }

  return {
    async turn(host, signal) {
      const state = stateOf(host)
      for (;;) {
        signal.throwIfAborted()
        const now = performance.now()
        const at = Math.max(state.nextAt, state.heldUntil)
        if (at <= now) {
          state.nextAt = now + spacingMs
          return
        }
        // Timers may be a little early.
        await delay(Math.ceil(at - now), undefined, { signal })
      }
    },
    hold(host, ms) {
      const state = stateOf(host)
      state.heldUntil = Math.max(state.heldUntil, performance.now() + ms)
    },
  }
}
