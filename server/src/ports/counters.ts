/**
 * Counts events by key in windows of the clock: a window of 60 s begins with the minute, one of 3600 s with the hour.
 *
 * No call waits for anyone, so that it may stand before every request. Where replicas share their counts, those of the
 * others arrive within about 200 ms; while they cannot be exchanged, each event here stands for one on every replica
 * that was known last, so that a limit is divided among them and never off.
 */
export type Counters = {
  /** Counts `amount` (1) events now. What it gives includes them. */
  add(key: string, windowSeconds: number, amount?: number): Count
  peek(key: string, windowSeconds: number): Count
  close(): Promise<void>
}

export type Count = {
  /** Events in this window on all replicas, as far as is known. */
  readonly count: number
  /** Whole seconds until the window ends, 1 to `windowSeconds`. */
  readonly resetSeconds: number
}
