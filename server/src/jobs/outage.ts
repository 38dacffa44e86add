import { setTimeout as delay } from 'node:timers/promises'
import { isProblem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'

export type Outage = {
  /**
   * Does it again while the database is not available, or full. What it does must bear being done twice: an answer may
   * be lost.
   * @throws The reason of the signal, or what else `work` rejects with.
   */
  insist<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
}

const awayOrFull: readonly string[] = ['database-unavailable', 'storage-full']
const away: readonly string[] = [...awayOrFull, 'storage-unavailable']
/** SQLSTATE of a statement that was broken off, for taking too long. */
const tooSlow = '57014'

export function createOutage(): Outage {
  return {
    async insist(work, signal) {
      for (let attempt = 1; ; attempt += 1) {
        signal?.throwIfAborted()
        try {
          return await work()
        } catch (error) {
          if (!isAwayOrFull(error)) throw error
          await delay(backoffMs(attempt, 50, 1000), undefined, { signal, ref: false })
        }
      }
    },
  }
}

/** Whether the database is not available, or full: what was to be written is to be written later. */
export function isAwayOrFull(error: unknown): boolean {
  return isProblem(error) && awayOrFull.includes(error.code)
}

/** Whether an attempt ended for what is no fault of its job. A statement of its own that is too slow is one. */
export function isOutage(error: unknown): boolean {
  if (!isProblem(error) || !away.includes(error.code)) return false
  const { cause } = error
  return !(cause instanceof Error && 'code' in cause && cause.code === tooSlow)
}
