import { Problem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import type { Embed } from './embed.ts'
import { createAskedStore } from './store.ts'

/**
 * In the transaction that begins a run, its hold included: of runs that begin at once none is counted past a limit.
 * @throws Problem `rate-limited`.
 */
export async function refuseOverLimits(
  db: QueryExecutorProvider,
  { id, runs_per_minute, runs_per_visitor, runs_per_day, credits_per_day }: Embed,
  visitorId: string,
): Promise<void> {
  const store = createAskedStore(db)
  await store.lock(id)
  const { minute, minuteOver, visitor, all, dayOver } = await store.count(id, visitorId)
  if (minute >= runs_per_minute)
    throw refused(`You ask faster than you may. Try again in ${minuteOver} seconds.`, minuteOver)
  if (visitor >= runs_per_visitor) throw refused('You have asked as much as one may in a day.', dayOver)
  if (all >= runs_per_day) throw refused('This assistant has answered as much as it may in a day.', dayOver)
  if (credits_per_day !== null && (await store.credits(id)) >= credits_per_day)
    throw refused('This assistant has answered as much as it may in a day.', dayOver)
}

function refused(sentence: string, retryAfterSeconds: number): Problem {
  return new Problem('rate-limited', sentence, { retryAfterSeconds })
}
