/**
 * Times by the logarithm of their length, eight buckets to each doubling: a quantile that is read from them is at most
 * 4.5 % off, those of many processes can be added up, and counting one is an addition.
 */
export type LatencyCounts = Uint32Array

/** From 2^-8 ms, 4 us, up to 2^20 ms, 17 minutes; what is shorter or longer counts for the first or the last. */
const shortestPower = -8
const longestPower = 20
const perDoubling = 8
const latencyBuckets = (longestPower - shortestPower) * perDoubling

export function createLatencyCounts(): LatencyCounts {
  return new Uint32Array(latencyBuckets)
}

export function countLatency(counts: LatencyCounts, ms: number): void {
  const bucket = bucketOf(ms)
  counts[bucket] = (counts[bucket] ?? 0) + 1
}

function bucketOf(ms: number): number {
  // Also for what is no positive number.
  if (!(ms > 0)) return 0
  const bucket = Math.floor((Math.log2(ms) - shortestPower) * perDoubling)
  return bucket < 0 ? 0 : bucket >= latencyBuckets ? latencyBuckets - 1 : bucket
}

/**
 * The time that a share of all took at most, in milliseconds, to three digits. Null when there are none.
 * @param counts By bucket, in any order.
 * @param share 0 to 1.
 */
export function latencyQuantile(
  counts: readonly { readonly bucket: number; readonly count: number }[],
  share: number,
): number | null {
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return null
  let left = share * total
  for (const { bucket, count } of [...counts].sort((a, b) => a.bucket - b.bucket)) {
    // Within a bucket they are taken to lie evenly, by the logarithm.
    if (left <= count) return rounded(2 ** ((bucket + left / count) / perDoubling + shortestPower))
    left -= count
  }
  return null
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(3))
}
