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
  /** By rows per run; above 256 by the next power of two, because callers choose how many rows a large request has. */
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
  const size = sizeOf(rows)
  let tally = statistics.batches.get(size)
  if (!tally) {
    tally = { count: 0, ms: 0 }
    statistics.batches.set(size, tally)
  }
  add(tally, ms)
  statistics.executionCount += 1
  statistics.inferenceCount += rows
}

function sizeOf(rows: number): number {
  return rows <= 256 ? rows : 2 ** Math.ceil(Math.log2(rows))
}
