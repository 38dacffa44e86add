import { countLatency, createLatencyCounts, type LatencyCounts } from '../kit/latency.ts'

/** Of one model, since this process first counted it. */
export type ModelCounts = {
  readonly calls: number
  readonly errors: number
  readonly cacheHits: number
  /** Time in the model, of calls that were computed. */
  readonly times: Readonly<LatencyCounts>
}

/** Every prediction, whether the history keeps it or not. */
export type PredictionCounts = {
  /** On the path of every prediction: a look-up and a few additions. */
  add(modelId: string, prediction: { inferenceTimeMs: number; cached: boolean }, error: string | null): void
  /** What goes on counting, by the id of the model. */
  readonly byModel: ReadonlyMap<string, ModelCounts>
  /** Of all models together, since the start. */
  totals(): { calls: number; errors: number }
  /** A model that nobody calls takes no memory. */
  forget(modelId: string): void
}

type Counting = { -readonly [Name in keyof ModelCounts]: ModelCounts[Name] }

export function createPredictionCounts(): PredictionCounts {
  const byModel = new Map<string, Counting>()
  let calls = 0
  let errors = 0
  return {
    byModel,
    totals: () => ({ calls, errors }),
    forget: modelId => void byModel.delete(modelId),
    add(modelId, { inferenceTimeMs, cached }, error) {
      let counts = byModel.get(modelId)
      if (!counts) {
        counts = { calls: 0, errors: 0, cacheHits: 0, times: createLatencyCounts() }
        byModel.set(modelId, counts)
      }
      calls += 1
      counts.calls += 1
      if (cached) counts.cacheHits += 1
      if (error === null && !cached) countLatency(counts.times, inferenceTimeMs)
      if (error === null) return
      errors += 1
      counts.errors += 1
    },
  }
}
