import type { Tensor } from '@roundhouse/sdk/contract'
import type { ModelFacts, ModelSession, SessionPlace } from '../ports/model-runtime.ts'
import { probeInputs } from './probe.ts'
import { concatenateRows, sliceRows } from './rows.ts'

/** How a model will be run, as measured when it was loaded; shown on its page. */
export type ExecutionPlan = {
  readonly place: SessionPlace
  readonly batching: boolean
  /** Rows per batch beyond which throughput no longer grows. */
  readonly maxRows: number
  readonly msPerRow: number
  /** Why it does not batch, or why it could not be measured. */
  readonly note: string | null
  /** Rows per run against the fastest of its runs in milliseconds. */
  readonly curve: readonly { rows: number; ms: number }[]
}

/** A run of the largest batch that may hold the main thread. Half a millisecond is felt by nobody; 0.2 leaves room for noise. */
const inlineRunMs = 0.2
/** The session is created once more on the main thread: about 1 ms for a file of 16 KB, 2026-11. */
const inlineFileBytes = 256 * 1024
const largestBatch = 128
const crashAlone =
  'No batching: a run may end the process of this model, and would take the requests of others with it'
/** No step of the curve is taken after one that ran longer, and none at all once this much has been spent. */
const longestRunMs = 100
const budgetMs = 1500

/**
 * Runs the model on made-up inputs: the first real request is not the slow one, the cost of 1, 2, 4, ... rows is
 * known, and joining requests is allowed only when it was seen to change nothing.
 */
export async function warmUp(
  session: ModelSession,
  facts: ModelFacts,
  fileBytes: number,
  now: () => number,
): Promise<ExecutionPlan> {
  const { inputs } = session.signature
  const outputNames = session.signature.outputs.map(output => output.name)
  const startedAt = now()
  const home = homeOf(facts)
  const alone = { batching: false, maxRows: 1, place: home }

  async function fastest(rows: number, tries: number): Promise<number> {
    const tensors = probeInputs(inputs, rows, rows)
    let best = Number.POSITIVE_INFINITY
    for (let index = 0; index < tries; index++) {
      best = Math.min(best, (await session.run(tensors, outputNames)).computeMs)
      if (best > longestRunMs) break
    }
    return best
  }

  function mayRunInline(batchMs: number): boolean {
    const fixedRows = inputs.every(input => input.shape.slice(1).every(dim => dim !== null))
    return (
      !facts.mayCrash &&
      facts.boundedCost &&
      fixedRows &&
      fileBytes <= inlineFileBytes &&
      batchMs <= inlineRunMs
    )
  }

  let single: number
  try {
    await fastest(1, 1)
    single = await fastest(1, 5)
  } catch (error) {
    // Not every model takes made-up inputs (an index out of range, a shape given as a value). It is loaded all the same.
    return {
      ...alone,
      msPerRow: 1,
      curve: [],
      note: `Not measured: made-up inputs were refused (${sentence(error)})`,
    }
  }
  const curve = [{ rows: 1, ms: round(single) }]

  const obstacle = facts.mayCrash ? crashAlone : await whyNotBatched(session, outputNames)
  if (obstacle !== null) {
    const place = mayRunInline(single) ? 'inline' : home
    return { ...alone, place, msPerRow: single, curve, note: obstacle }
  }

  for (let rows = 2; rows <= largestBatch; rows *= 2) {
    const ms = await fastest(rows, 3)
    curve.push({ rows, ms: round(ms) })
    if (ms > longestRunMs || now() - startedAt > budgetMs) break
  }
  const { rows: maxRows, ms } = knee(curve)
  const place = mayRunInline(ms) ? 'inline' : home
  return { place, batching: true, maxRows, msPerRow: ms / maxRows, curve, note: null }
}

/** Where a model runs until it has been measured, and afterwards if it is not for the main thread. */
export function homeOf(facts: ModelFacts): SessionPlace {
  return facts.mayCrash ? 'process' : 'thread'
}

/** The smallest batch that reaches 90 % of the best rows per second seen: more rows would only add latency. */
function knee(curve: readonly { rows: number; ms: number }[]): { rows: number; ms: number } {
  const best = Math.max(...curve.map(point => point.rows / point.ms))
  return curve.find(point => point.rows / point.ms >= 0.9 * best) ?? { rows: 1, ms: 1 }
}

/** Null when requests may be joined: the first dimension is free everywhere, and joined runs gave what single runs give. */
async function whyNotBatched(session: ModelSession, outputNames: readonly string[]): Promise<string | null> {
  const { inputs, outputs } = session.signature
  const fixed = [...inputs, ...outputs].find(spec => spec.shape[0] !== null)
  if (fixed) return `No batching: the first dimension of ${fixed.name} is not free`
  if (inputs.length === 0) return 'No batching: the model has no inputs'
  try {
    for (const [round, scales] of probeScales.entries()) {
      const obstacle = await tryTogether(session, outputNames, scales, round)
      if (obstacle !== null) return obstacle
    }
    return null
  } catch (error) {
    return `No batching: a run of several rows failed (${sentence(error)})`
  }
}

/**
 * Sizes of the numbers in the three parts of a joined run. Rows of very different sizes show what equal ones hide: a
 * model that quantizes by the largest value of the whole batch gave a small row beside a large one another class.
 */
const probeScales = [
  [1, 1, 1],
  [1, 1000, 0.001],
  [0.001, 1, 1000],
  [1000, 0.001, 1],
] as const

/** Parts of 1, 2 and 3 rows, so that an output that mixes or drops rows shows. */
async function tryTogether(
  session: ModelSession,
  outputNames: readonly string[],
  scales: readonly number[],
  round: number,
): Promise<string | null> {
  const parts = scales.map((scale, index) =>
    probeInputs(session.signature.inputs, index + 1, 100 + 10 * round + index, scale),
  )
  const together = await session.run(concatenateRows(parts), outputNames)
  if (!together.outputs.every(output => output.shape[0] === 6))
    return 'No batching: an output does not have one entry per row'
  let from = 0
  for (const [index, part] of parts.entries()) {
    const single = await session.run(part, outputNames)
    if (!sameRows(sliceRows(together.outputs, from, from + index + 1), single.outputs))
      return 'No batching: rows gave other results together than alone'
    from += index + 1
  }
  return null
}

/**
 * Equal to the last bit for integers and strings; reals may differ as sums in another order do, which grows with the
 * largest number of the tensor.
 */
function sameRows(left: readonly Tensor[], right: readonly Tensor[]): boolean {
  return left.every((tensor, index) => {
    const other = right[index]
    if (!other || tensor.shape.join() !== other.shape.join()) return false
    const allowed = tolerance(other)
    for (let at = 0; at < tensor.data.length; at++) {
      const a = tensor.data[at]
      const b = other.data[at]
      if (Object.is(a, b) || a === b) continue
      // Not a number is near nothing.
      if (!(Math.abs(Number(a) - Number(b)) <= allowed(Number(b)))) return false
    }
    return true
  })
}

function tolerance({ datatype, data }: Tensor): (value: number) => number {
  // Raw bits of half floats: neighbours differ by 1.
  if (datatype === 'FP16') return () => 2
  if (datatype !== 'FP32' && datatype !== 'FP64') return () => 0
  let largest = 1
  for (const value of data) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(Number(value)))
  return value => 1e-5 * largest + 1e-4 * Math.abs(value)
}

function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
}
