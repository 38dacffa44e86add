import type { LatencyCounts } from '../../kit/latency.ts'

/** What grows since the start of the process. */
export type Counted = {
  readonly requests: number
  readonly clientErrors: number
  readonly serverErrors: number
  readonly predictions: number
  readonly failedPredictions: number
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly runs: number
  readonly failedRuns: number
  readonly jobs: number
  readonly failedJobs: number
}

/** How things stand. Null where this process does not know. */
export type Gauges = {
  readonly runsActive: number | null
  readonly queueWaiting: number | null
  readonly queueOldestSeconds: number | null
  readonly eventLoopP99Ms: number
  readonly memoryBytes: number
  readonly poolUsed: number
  readonly poolWaiting: number
  readonly modelsLoaded: number
  readonly databaseBytes: number | null
}

/** Times by their bucket; only buckets that hold any. */
export type Times = { readonly buckets: number[]; readonly counts: number[] }

/** One slot of one process: what was counted in it, the highest that was seen. */
export type Sample = Counted &
  Gauges & { readonly at: Date; readonly isCoarse: boolean; readonly latency: Times }

export type ModelSample = {
  readonly modelId: string
  readonly at: Date
  readonly isCoarse: boolean
  readonly calls: number
  readonly errors: number
  readonly cacheHits: number
  readonly times: Times
}

/** What came since `before`. A count that was reset begins anew. */
export function countedSince(now: Counted, before: Counted): Counted {
  const since = { ...now }
  for (const name of Object.keys(now) as (keyof Counted)[]) since[name] = growth(now[name], before[name])
  return since
}

function growth(now: number, before: number): number {
  return now >= before ? now - before : now
}

export function timesSince(now: Readonly<LatencyCounts>, before: Readonly<LatencyCounts> | undefined): Times {
  const buckets: number[] = []
  const counts: number[] = []
  for (const [bucket, count] of now.entries()) {
    const more = count - (before?.[bucket] ?? 0)
    if (more <= 0) continue
    buckets.push(bucket)
    counts.push(more)
  }
  return { buckets, counts }
}

/** What one knows and the other does not is known. */
export function highest(a: Gauges, b: Gauges): Gauges {
  const both = { ...a }
  for (const name of Object.keys(a) as (keyof Gauges)[]) {
    const [one, other] = [a[name], b[name]]
    if (one !== null && other !== null) Object.assign(both, { [name]: Math.max(one, other) })
    else Object.assign(both, { [name]: one ?? other })
  }
  return both
}
