/** Cumulative since the model was loaded; times in milliseconds. Names follow the protocol's statistics extension. */
export type ModelStatistics = {
  lastInferenceAt: number
  /** Rows, cache hits excluded. */
  inferenceCount: number
  /** Runs of the model, cache hits excluded. */
  executionCount: number
  readonly success: Tally
  readonly fail: Tally
  readonly queue: Tally
  readonly computeInfer: Tally
  readonly cacheHit: Tally
  readonly cacheMiss: Tally
  /** By rows per run. */
  readonly batches: Map<number, Tally>
}

export type Tally = { count: number; ms: number }

export function createStatistics(): ModelStatistics {
  const tally = () => ({ count: 0, ms: 0 })
  return {
    lastInferenceAt: 0,
    inferenceCount: 0,
    executionCount: 0,
    success: tally(),
    fail: tally(),
    queue: tally(),
    computeInfer: tally(),
    cacheHit: tally(),
    cacheMiss: tally(),
    batches: new Map(),
  }
}

export function add(tally: Tally, ms: number): void {
  tally.count += 1
  tally.ms += ms
}

export function addBatch(statistics: ModelStatistics, rows: number, ms: number): void {
  let tally = statistics.batches.get(rows)
  if (!tally) {
    tally = { count: 0, ms: 0 }
    statistics.batches.set(rows, tally)
  }
  add(tally, ms)
  statistics.executionCount += 1
  statistics.inferenceCount += rows
}
