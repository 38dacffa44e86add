import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'

/**
 * How many runs a caller may follow at a time; a reader that keeps much takes several places. Gives what leaves them again.
 * @throws Problem `rate-limited`.
 */
export function createReaderPlaces(
  mostPerCaller: number,
): (caller: Pick<Caller, 'limitKey'>, places?: number) => () => void {
  const counts = new Map<string, number>()

  return ({ limitKey }, places = 1) => {
    const count = counts.get(limitKey) ?? 0
    if (count + places > mostPerCaller)
      throw new Problem('rate-limited', `No more than ${mostPerCaller} runs are followed at a time.`, {
        retryAfterSeconds: 1,
      })
    counts.set(limitKey, count + places)
    return () => {
      const left = (counts.get(limitKey) ?? places) - places
      if (left > 0) counts.set(limitKey, left)
      else counts.delete(limitKey)
    }
  }
}
