import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/**
 * Rows that are written behind the reply, in batches: a row of its own per call would cost more than the call. What the
 * database cannot take in time waits here, up to a bound; past it the oldest are dropped and counted, because refusing
 * the work for the sake of its record would be worse.
 */
export type WriteBehind<Row> = {
  /** Nothing after `close`. */
  add(row: Row): void
  /** Fulfils when everything added so far is written, or cannot be within `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
  waiting(): number
  dropped(): number
  close(timeoutMs: number): Promise<void>
}

const flushAfterMs = 100
const batchRows = 500
const maxWaiting = 20_000
/** 20,000 rows of the longest texts that are kept would be 650 MB. */
const maxWaitingChars = 32_000_000

export function createWriteBehind<Row>(options: {
  /** May be sent the same rows again. */
  insert: (rows: readonly Row[]) => Promise<void>
  /** The long texts of a row. */
  charsOf: (row: Row) => number
  /** What the log calls them: `history` gives `history-drop`. */
  name: string
  clock: Clock
  log: Log
}): WriteBehind<Row> {
  const { insert, charsOf, name, clock, log } = options
  let waiting: Row[] = []
  let waitingChars = 0
  let dropped = 0
  let failures = 0
  let writing: Promise<void> | undefined
  let cancelTimer: (() => void) | undefined
  let closed = false

  function add(row: Row): void {
    if (closed) return
    waiting.push(row)
    waitingChars += charsOf(row)
    if (waiting.length > maxWaiting || waitingChars > maxWaitingChars) {
      keep(waiting.slice(batchRows))
      dropped += batchRows
      if (dropped % 5000 === batchRows)
        log.warn(`${name}-drop`, { dropped, reason: 'the database is slower than what it is told' })
    }
    if (waiting.length >= batchRows && failures === 0) startWriting()
    else schedule(flushAfterMs)
  }

  function keep(rows: Row[]): void {
    waiting = rows
    waitingChars = rows.reduce((sum, row) => sum + charsOf(row), 0)
  }

  function schedule(ms: number): void {
    cancelTimer ??= clock.after(ms, () => {
      cancelTimer = undefined
      startWriting()
    })
  }

  function startWriting(): void {
    if (writing || waiting.length === 0) return
    writing = writeBatch().finally(() => {
      writing = undefined
      if (waiting.length === 0 || closed) return
      if (failures > 0) schedule(backoffMs(failures, 250, 10_000))
      else if (waiting.length >= batchRows) startWriting()
      else schedule(flushAfterMs)
    })
  }

  async function writeBatch(): Promise<void> {
    const batch = waiting.slice(0, batchRows)
    try {
      await insert(batch)
      failures = 0
    } catch (error) {
      failures += 1
      if (failures === 1) log.warn(`${name}-write-fail`, { waiting: waiting.length, err: error })
      return
    }
    const written = new Set(batch)
    keep(waiting.filter(row => !written.has(row)))
  }

  async function flush(timeoutMs: number): Promise<void> {
    const deadline = clock.now() + timeoutMs
    // Under load there is always something newer that waits.
    const last = waiting.at(-1)
    while (last !== undefined && waiting.includes(last) && clock.now() < deadline) {
      const failuresBefore = failures
      startWriting()
      await Promise.race([
        writing,
        new Promise<void>(resolve => clock.after(deadline - clock.now(), resolve)),
      ])
      if (failures > failuresBefore) await new Promise<void>(resolve => clock.after(100, resolve))
    }
  }

  return {
    add,
    flush,
    waiting: () => waiting.length,
    dropped: () => dropped,
    async close(timeoutMs) {
      await flush(timeoutMs)
      closed = true
      cancelTimer?.()
      if (waiting.length > 0)
        log.error(`${name}-lost`, {
          rows: waiting.length,
          reason: 'the database did not take them before the process stopped',
        })
    },
  }
}
