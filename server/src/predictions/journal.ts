import { encodeNamedOutputs, isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { createAllowance } from '../kit/allowance.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { createWriteBehind, type WriteBehind } from '../kit/write-behind.ts'
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

/** The prediction history, written behind the reply. */
export type Journal = Omit<WriteBehind<NewPrediction>, 'add'> & {
  add(entry: JournalEntry): void
  /** Left out because more came for longer than `perSecond` allows. */
  skipped(): number
}

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
  const allowance = createAllowance({ perSecond, burst, elapsed: clock.elapsed })
  const rows = createWriteBehind({ insert: store.insert, charsOf, name: 'history', clock, log })
  let skipped = 0

  return {
    ...rows,
    skipped: () => skipped,
    add(entry) {
      if (mode === 'off') return
      // Failures are rare and what people look for.
      if (entry.error === null && !allowance.take()) skipped += 1
      // Printed now, not when it is written: tensors that live that long are moved to the old generation, which cost
      // more than the printing.
      else rows.add(rowOf(entry, mode))
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
