import type { Log } from '../kit/log.ts'
import { oneAtATime } from './one-at-a-time.ts'

export type Chores = {
  /** Again and again, never beside itself. A failure is logged as `<event>-fail` and is for the next time. */
  every(intervalMs: number, event: string, work: () => Promise<void>, firstAfterMs?: number): void
  /** Not waited for. */
  inBackground(event: string, work: Promise<unknown>): void
  /** Nothing begins any more. */
  stop(): void
}

/** What a server does by the clock. */
export function createChores(log: Log): Chores {
  const timers: NodeJS.Timeout[] = []

  function inBackground(event: string, work: Promise<unknown>): void {
    work.catch(error => log.warn(`${event}-fail`, { err: error }))
  }

  return {
    inBackground,
    every(intervalMs, event, work, firstAfterMs = intervalMs) {
      const once = oneAtATime(work)
      const go = () => inBackground(event, once())
      timers.push(setInterval(go, intervalMs))
      if (firstAfterMs !== intervalMs) timers.push(setTimeout(go, firstAfterMs))
    },
    stop() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
