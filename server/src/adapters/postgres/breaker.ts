import type { Log } from '../../kit/log.ts'
import type { DatabaseHealth } from '../../ports/database.ts'

/** Open = the server is known not to answer: calls fail at once instead of each waiting out its own limit. */
export type Breaker = {
  isOpen(): boolean
  /** Opens it and asks every 500 ms until the database answers. */
  trip(reason: string): void
  close(): void
}

const probeEveryMs = 500

export function createBreaker(check: () => Promise<DatabaseHealth>, log: Log): Breaker {
  let openSince: number | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function probe(): Promise<void> {
    const health = await check()
    if (closed || openSince === undefined) return
    if (health.ok) {
      log.info('database-back', { duration_ms: Math.round(performance.now() - openSince) })
      openSince = undefined
      return
    }
    timer = setTimeout(() => void probe(), probeEveryMs)
    timer.unref()
  }

  return {
    isOpen: () => openSince !== undefined,
    trip(reason) {
      if (closed || openSince !== undefined) return
      openSince = performance.now()
      log.error('database-unavailable', { reason })
      void probe()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
