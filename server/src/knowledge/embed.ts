import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'

export type EmbedOrder = {
  /** `<provider>/<model>`, or the name of a served model. */
  readonly model: string
  readonly texts: readonly string[]
  /** Names the work among all of the payer: the same is paid once, however often it is tried. */
  readonly workId: string | undefined
  readonly signal: AbortSignal
}

/** Vectors of texts by a model that the payer may use. Given to this room, which knows no models. */
export type Embedder = {
  /** One for each text, in their order. @throws Problem those of the model's own API. */
  embed(payer: Caller, order: EmbedOrder): Promise<readonly (readonly number[] | Float32Array)[]>
  /** @throws Problem when there is no such model for them, or it makes no embeddings. */
  check(payer: Caller, model: string): Promise<void>
}

/** pgvector takes no more. */
const mostDimensions = 16_000

/**
 * Vectors of length 1 and of one size, or of nothing but zeros.
 * @throws Problem `model-failed` for what are none.
 */
export async function unitVectors(
  embedder: Embedder,
  payer: Caller,
  order: EmbedOrder,
): Promise<Float32Array[]> {
  const vectors = await embedder.embed(payer, order)
  const size = vectors[0]?.length ?? 0
  const isSound =
    vectors.length === order.texts.length &&
    size > 0 &&
    size <= mostDimensions &&
    vectors.every(({ length }) => length === size)
  if (!isSound)
    throw new Problem(
      'model-failed',
      `The model ${order.model} did not give one vector of one size for each text.`,
    )
  return vectors.map(vector => unit(vector, order.model))
}

function unit(vector: readonly number[] | Float32Array, model: string): Float32Array {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  if (!Number.isFinite(length))
    throw new Problem('model-failed', `The model ${model} gave values that are no finite numbers.`)
  return Float32Array.from(vector, value => (length === 0 ? 0 : value / length))
}

/** What a chunk is embedded by: its headings say what it is about. */
export function embeddedText({ headings, text }: { headings: readonly string[]; text: string }): string {
  return headings.length === 0 ? text : `${headings.join(' > ')}\n${text}`
}
