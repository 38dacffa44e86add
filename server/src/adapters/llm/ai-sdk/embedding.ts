import type { EmbeddingModelV4 } from '@ai-sdk/provider'
import type { EmbeddingAnswer, EmbeddingRequest } from '../../../ports/llm.ts'
import { isFields } from '../openai/chunk.ts'
import type { Refuse } from './prompt.ts'

/** @throws what `refuse` makes of tokens: they are OpenAI's, and mean other texts elsewhere */
export function textsIn({ input }: EmbeddingRequest, refuse: Refuse): string[] {
  const texts: readonly unknown[] = typeof input === 'string' ? [input] : input
  return texts.map(text => {
    if (typeof text === 'string') return text
    throw refuse('embeds texts, not tokens')
  })
}

/** The vectors of `texts` in their order, asked for in as many calls as the vendor's limit makes them, one by one. */
export async function embedInBatches(
  model: EmbeddingModelV4,
  texts: readonly string[],
  { dimensions }: EmbeddingRequest,
  abortSignal: AbortSignal,
): Promise<EmbeddingAnswer> {
  const atOnce = (await model.maxEmbeddingsPerCall) ?? texts.length
  const vectors: number[][] = []
  let tokens: number | undefined = 0
  for (let at = 0; at < texts.length; at += atOnce) {
    const result = await model.doEmbed({
      values: texts.slice(at, at + atOnce),
      abortSignal,
      ...(typeof dimensions === 'number' ? { dimensions } : {}),
    })
    vectors.push(...result.embeddings)
    const told = result.usage?.tokens ?? promptTokensIn(result.response?.body)
    tokens = tokens === undefined || told === undefined ? undefined : tokens + told
  }
  if (vectors.length !== texts.length) throw new Error('As many vectors as texts were expected.')
  const data = vectors.map((embedding, index) => ({ index, embedding }))
  return tokens === undefined ? { data } : { data, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

/** Google tells it of some models, and the package passes it over. */
function promptTokensIn(body: unknown): number | undefined {
  const usage =
    isFields(body) && isFields(body.usageMetadata) ? body.usageMetadata.promptTokenCount : undefined
  return typeof usage === 'number' ? usage : undefined
}
