import { encodeNamedOutputs, isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { createAllowance } from './allowance.ts'
import type { NewPrediction, PredictionStore } from './store.ts'

/** One prediction for the history. */
export type JournalEntry = {
  readonly id: string
  readonly modelId: string
  readonly modelVersion: string
  /** Null for the service-role key and callers without an account. */
  readonly userId: string | null
  readonly requestId: string | null
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[] | null
  readonly inferenceTimeMs: number
  readonly cached: boolean
  readonly error: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** `full` keeps small inputs and outputs, `metadata` none, `off` writes nothing. */
export type HistoryMode = 'full' | 'metadata' | 'off'

/**
 * The prediction history is written behind the reply, in batches: at 64 connections a row of its own per prediction
 * would cost more than the prediction. What the database cannot take in time waits here, up to a bound; past it the
 * oldest are dropped and counted, because refusing predictions for the sake of their history would be worse.
 */
export type Journal = {
  add(entry: JournalEntry): void
  /** Fulfils when everything added so far is written, or cannot be within `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
  waiting(): number
  dropped(): number
  /** Left out because more came for longer than `perSecond` allows. */
  skipped(): number
  close(timeoutMs: number): Promise<void>
}

const flushAfterMs = 100
const batchRows = 500
const maxWaiting = 20_000
/** Of inputs and outputs: 20,000 rows of the longest texts that are kept would be 650 MB. */
const maxWaitingChars = 32_000_000
/**
 * Values that are kept of the inputs, and of the outputs; more are recorded without. Printing and storing 1000 values
 * each way cost three times a 12 MB dense model's own work (2026-11).
 */
const maxKeptValues = 256
const maxKeptText = 16_384

export function createJournal(dependencies: {
  store: PredictionStore
  clock: Clock
  log: Log
  mode: HistoryMode
  /** Predictions a second that are recorded in the long run; short bursts are recorded whole. */
  perSecond: number
  burst: number
}): Journal {
  const { store, clock, log, mode, perSecond, burst } = dependencies
  const allowance = createAllowance({ perSecond, burst, now: clock.now })
  let skipped = 0
  let waiting: NewPrediction[] = []
  let waitingChars = 0
  let dropped = 0
  let failures = 0
  let writing: Promise<void> | undefined
  let cancelTimer: (() => void) | undefined
  let closed = false

  function add(entry: JournalEntry): void {
    if (mode === 'off' || closed) return
    // Failures are rare and what people look for.
    if (entry.error === null && !allowance.take()) {
      skipped += 1
      return
    }
    // Printed now, not when it is written: tensors that live that long are moved to the old generation, which cost more
    // than the printing.
    const row = rowOf(entry, mode)
    waiting.push(row)
    waitingChars += charsOf(row)
    if (waiting.length > maxWaiting || waitingChars > maxWaitingChars) {
      keep(waiting.slice(batchRows))
      dropped += batchRows
      if (dropped % 5000 === batchRows)
        log.warn('history-drop', { dropped, reason: 'the database is slower than the predictions' })
    }
    if (waiting.length >= batchRows && failures === 0) startWriting()
    else schedule(flushAfterMs)
  }

  function keep(rows: NewPrediction[]): void {
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
      await store.insert(batch)
      failures = 0
    } catch (error) {
      failures += 1
      if (failures === 1) log.warn('history-write-fail', { waiting: waiting.length, err: error })
      return
    }
    const written = new Set(batch)
    keep(waiting.filter(entry => !written.has(entry)))
  }

  async function flush(timeoutMs: number): Promise<void> {
    const deadline = clock.now() + timeoutMs
    // Under load there is always something newer that waits.
    const last = waiting.at(-1)
    while (last && waiting.includes(last) && clock.now() < deadline) {
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
    skipped: () => skipped,
    async close(timeoutMs) {
      await flush(timeoutMs)
      closed = true
      cancelTimer?.()
      if (waiting.length > 0)
        log.error('history-lost', {
          rows: waiting.length,
          reason: 'the database did not take them before the process stopped',
        })
    },
  }
}

function rowOf({ inputs, outputs, ...entry }: JournalEntry, mode: HistoryMode): NewPrediction {
  const keep = mode === 'full'
  return {
    ...entry,
    error: entry.error === null ? null : storable(entry.error),
    inputJson: keep ? dataJson(inputs) : null,
    outputJson: keep && outputs ? dataJson(outputs) : null,
  }
}

function charsOf({ inputJson, outputJson }: NewPrediction): number {
  return (inputJson?.length ?? 0) + (outputJson?.length ?? 0)
}

function dataJson(tensors: readonly Tensor[]): string | null {
  if (tensors.reduce((sum, tensor) => sum + tensor.data.length, 0) > maxKeptValues) return null
  const text = jsonOf(tensors)
  // U+0000 is legal in JSON and not in Postgres; such a text is not worth failing a whole batch for.
  return text === undefined || text.length > maxKeptText || text.includes('\\u0000') ? null : text
}

/** Undefined for what has no JSON: a lone surrogate, or a shape of very many empty arrays. */
function jsonOf(tensors: readonly Tensor[]): string | undefined {
  try {
    return encodeNamedOutputs(tensors)
  } catch (error) {
    if (isProblem(error)) return undefined
    throw error
  }
}

/** A model may quote its inputs in its error: U+0000 and lone surrogates are not text to Postgres. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}
