import type { UsageBy, UsageRow } from '@roundhouse/sdk/contract'
import { bucketsPerE, type UsagePart } from './store.ts'

export type UsageSums = {
  add(parts: readonly UsagePart[]): void
  /** The dearest first, days newest first. */
  rows(by: UsageBy): Omit<UsageRow, 'name'>[]
}

const counts = ['runs', 'calls', 'input_tokens', 'output_tokens', 'credits', 'cost_micros', 'errors'] as const

type Sum = Record<(typeof counts)[number], number> & { readonly buckets: Map<number, number> }

/** Adds up what parts of the time came to. */
export function createUsageSums(): UsageSums {
  const sums = new Map<string | null, Sum>()
  return {
    add(parts) {
      for (const part of parts) {
        const sum = sums.get(part.key) ?? nothing()
        sums.set(part.key, sum)
        for (const count of counts) sum[count] += part[count]
        const { bucket, spoken } = part
        if (bucket !== null) sum.buckets.set(bucket, (sum.buckets.get(bucket) ?? 0) + spoken)
      }
    },
    rows(by) {
      const rows = [...sums].map(([key, { buckets, ...sum }]) => ({
        key,
        ...sum,
        first_token_ms_p50: medianOf(buckets),
      }))
      const byKey = (a: string | null, b: string | null) => ((a ?? '') < (b ?? '') ? -1 : 1)
      if (by === 'day') return rows.sort((a, b) => byKey(b.key, a.key))
      return rows.sort(
        (a, b) =>
          b.credits - a.credits || b.cost_micros - a.cost_micros || b.calls - a.calls || byKey(a.key, b.key),
      )
    },
  }
}

function nothing(): Sum {
  return {
    runs: 0,
    calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    credits: 0,
    cost_micros: 0,
    errors: 0,
    buckets: new Map(),
  }
}

function medianOf(buckets: ReadonlyMap<number, number>): number | null {
  let left = [...buckets.values()].reduce((sum, spoken) => sum + spoken, 0) / 2
  for (const [bucket, spoken] of [...buckets].sort(([a], [b]) => a - b)) {
    left -= spoken
    if (left <= 0) return Math.round(Math.exp(bucket / bucketsPerE) * 100) / 100
  }
  return null
}
