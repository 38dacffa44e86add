import type { Credits } from '../../credits/credits.ts'
import type { Clock } from '../../kit/clock.ts'
import { createFreshCache } from '../../kit/fresh-cache.ts'

/** Credits that every run costs, beside what its agent asks for; from memory, at most 5 s old. */
export type RunPrice = () => number | Promise<number>

const staleMs = 5000

export function createRunPrice({
  credits,
  clock,
}: {
  credits: Pick<Credits, 'prices'>
  clock: Clock
}): RunPrice {
  const known = createFreshCache<null, number>({
    load: async () => (await credits.prices()).get('run') ?? 0,
    clock,
    staleMs,
    max: 1,
  })
  return async () => (await known.get('run', null)) ?? 0
}
