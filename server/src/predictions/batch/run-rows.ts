import { isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { backoffMs } from '../../kit/backoff.ts'
import type { Clock } from '../../kit/clock.ts'
import type { LoadedModel } from '../../models/loader.ts'
import { sliceRows } from '../../models/rows.ts'

/** What the model gave to rows that follow each other, or why it refused one. */
export type Piece =
  | { readonly rows: number; readonly outputs: readonly Tensor[] }
  | { readonly rows: 1; readonly reason: string }

export type RunRows = (tensors: readonly Tensor[], rows: number) => Promise<Piece[]>

/** A row that is at fault is not worth more than this; what waits behind others waits. */
const runTimeoutMs = 10 * 60_000
const firstWaitMs = 50
const longestWaitMs = 5000
/** About two minutes: then the job is put back. */
const mostTries = 30
const alone = 4
const atFault: readonly string[] = ['model-failed', 'invalid-tensor']
const busy: readonly string[] = ['model-overloaded', 'model-not-loaded']

/**
 * Runs rows on the warm model. A run that fails is halved until the rows at fault are found. A model that cannot take
 * several rows at once gets one after the other.
 */
export function createRunner(dependencies: {
  /** Asked before each run: the model may have been replaced in memory, or the right to it lost. */
  find: () => LoadedModel | Promise<LoadedModel>
  signal: AbortSignal
  clock: Clock
}): { run: RunRows; model(): Promise<LoadedModel> } {
  const { find, signal, clock } = dependencies

  async function run(tensors: readonly Tensor[], rows: number): Promise<Piece[]> {
    if (rows === 0) return []
    const model = await patiently(async () => find())
    if (!model.plan.batching && rows > 1) return eachAlone(tensors, rows)
    try {
      const outputs = model.signature.outputs.map(output => output.name)
      const answer = await patiently(async () =>
        (await find()).run({ inputs: tensors, outputs, signal, timeoutMs: runTimeoutMs }),
      )
      return [{ rows, outputs: answer.outputs }]
    } catch (error) {
      if (!isProblem(error) || !atFault.includes(error.code)) throw error
      if (rows === 1) return [{ rows: 1, reason: error.message }]
      const half = Math.ceil(rows / 2)
      const first = await run(sliceRows(tensors, 0, half), half)
      return [...first, ...(await run(sliceRows(tensors, half, rows), rows - half))]
    }
  }

  async function eachAlone(tensors: readonly Tensor[], rows: number): Promise<Piece[]> {
    const pieces: Piece[] = []
    for (let from = 0; from < rows; from += alone) {
      const some = Array.from({ length: Math.min(alone, rows - from) }, (_, index) => from + index)
      const ran = await Promise.all(some.map(row => run(sliceRows(tensors, row, row + 1), 1)))
      pieces.push(...ran.flat())
    }
    return pieces
  }

  async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        if (!isProblem(error) || !busy.includes(error.code) || attempt === mostTries) throw error
        await pause(backoffMs(attempt, firstWaitMs, longestWaitMs))
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        cancel()
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = clock.after(ms, wake)
      signal.addEventListener('abort', wake)
    })
  }

  return { run, model: () => patiently(async () => find()) }
}
