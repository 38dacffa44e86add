import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Credits } from '../../credits/credits.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import { type ModelTarget, modelLabel } from '../../models/model.ts'
import type { Serving } from '../../models/serving.ts'
import type { Predictions } from '../predictions.ts'
import { formOf, type Item } from './form.ts'
import { assertDimensions, vectorOf } from './vector.ts'

export type EmbeddingOrder = {
  readonly model: ModelTarget
  readonly items: readonly Item[]
  /** As many as the model gives when undefined. */
  readonly dimensions: number | undefined
  readonly signal: AbortSignal
  /** Names the work among all of the caller: the same is paid once, however often it is tried. */
  readonly workId: string | undefined
}

/** Vectors by served models that are tagged as models for it. */
export type Embeddings = {
  /**
   * One vector of length 1 for each item, in their order. Each item is a prediction, cached, joined with others and in the
   * history as all are; all of them are paid when the last one is there, else none.
   * @throws Problem `invalid-request`, also for a model that is no such, and those of a prediction.
   */
  embed(caller: Caller, order: EmbeddingOrder): Promise<Float32Array[]>
}

/** Of one call: what one caller sends must not fill the queue of a model. Items of equal sizes share a run. */
const itemsAtATime = 16
const longestMs = 600_000
/** Longer than the longest call. */
const holdSeconds = 900

export function createEmbeddings(dependencies: {
  predictions: Pick<Predictions, 'find' | 'predictPaid'>
  serving: Pick<Serving, 'row'>
  credits: Pick<Credits, 'charge'>
  ids: Ids
  clock: Clock
}): Embeddings {
  const { predictions, serving, credits, ids, clock } = dependencies

  return {
    async embed(caller, { model: target, items, dimensions, signal, workId }) {
      const loaded = await predictions.find(caller, target)
      const row = await serving.row(caller, { id: loaded.source.id })
      const label = modelLabel(row)
      if (row.kind !== 'embedding')
        throw new Problem(
          'invalid-request',
          `model: ${label} is not tagged as a model for embeddings. PATCH /api/v1/models/${row.id} with {"kind":"embedding"} does so.`,
        )
      const { output, inputsOf } = formOf(loaded.signature, label)
      assertDimensions(dimensions, output.shape.at(-1) ?? null)
      const tensors = items.map(inputsOf)
      const endsAt = clock.elapsed() + longestMs

      const embedAll = () =>
        eachOf(tensors, async inputs => {
          const timeoutMs = endsAt - clock.elapsed()
          if (timeoutMs <= 0)
            throw new Problem('deadline-exceeded', 'The call took too long. Send fewer texts at a time.')
          const request = { inputs, outputs: [output.name], useCache: true, signal, timeoutMs }
          const { outputs } = await predictions.predictPaid(caller, loaded, request)
          const [given] = outputs
          if (!given) throw new Problem('model-failed', `Model ${label} gave no ${output.name}.`)
          return vectorOf(given, dimensions)
        })

      const bill = {
        userId: caller.userId,
        amount: caller.userId === null ? 0 : row.price * items.length,
        reason: `embedding ${label}`,
        reference: `embedding:${workId ?? ids.uuid()}`,
      }
      return credits.charge(bill, holdSeconds, embedAll)
    },
  }
}

/** A few at a time; none is begun after one that failed. */
async function eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const left = items.entries()
  let hasFailed = false

  async function takeOn(): Promise<void> {
    for (const [index, item] of left) {
      if (hasFailed) return
      try {
        results[index] = await work(item)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }

  await Promise.all(Array.from({ length: itemsAtATime }, takeOn))
  return results
}
