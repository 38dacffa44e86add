import type { Log } from '../../kit/log.ts'
import type { DatabaseHealth } from '../../ports/database.ts'

/** Open = the server is known not to answer: calls fail at once instead of each waiting out its own limit. */
export type Breaker = {
  isOpen(): boolean
  check(): Promise<DatabaseHealth>
  /** Opens it and asks every 500 ms until the database answers. */
  trip(reason: string): void
  close(): void
}

const probeEveryMs = 500

export function createBreaker(check: () => Promise<DatabaseHealth>, log: Log): Breaker {
  let openSince: number | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** Whoever learns that the database answers again ends the outage, so that readiness never says yes before calls work. */
  async function ask(): Promise<DatabaseHealth> {
    const health = await check()
    if (health.ok && openSince !== undefined) {
      log.info('database-back', { duration_ms: Math.round(performance.now() - openSince) })
      openSince = undefined
      clearTimeout(timer)
    }
    return health
  }

  async function probe(): Promise<void> {
    await ask()
    if (closed || openSince === undefined) return
    timer = setTimeout(() => void probe(), probeEveryMs)
    timer.unref()
  }

  return {
    isOpen: () => openSince !== undefined,
    check: ask,
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
