import { type CreateEmbedding, flatJson } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { ModelTarget } from '../../models/model.ts'
import type { Embeddings } from '../../predictions/embeddings/embeddings.ts'
import type { Item } from '../../predictions/embeddings/form.ts'
import { estimateInputTokens } from '../../runs/price.ts'

/** Answers with a served model. As text: the numbers are the shortest that read back as the same. */
export async function embedWithServed(
  embeddings: Embeddings,
  call: {
    caller: Caller
    model: ModelTarget
    body: CreateEmbedding
    signal: AbortSignal
    workId: string | undefined
  },
): Promise<string> {
  const { caller, model, body, signal, workId } = call
  const items = itemsOf(body.input)
  const dimensions = body.dimensions ?? undefined
  const vectors = await embeddings.embed(caller, { model, items, dimensions, signal, workId })
  const data = vectors.map((vector, index) => {
    const embedding = body.encoding_format === 'base64' ? base64(vector) : numbers(vector)
    return `{"object":"embedding","index":${index},"embedding":${embedding}}`
  })
  const tokens = items.reduce((sum, item) => sum + tokensOf(item), 0)
  const usage = JSON.stringify({ prompt_tokens: tokens, total_tokens: tokens })
  return `{"object":"list","data":[${data.join()}],"model":${JSON.stringify(body.model)},"usage":${usage}}`
}

function itemsOf(input: CreateEmbedding['input']): readonly Item[] {
  return typeof input === 'string' || isTokens(input) ? [input] : input
}

function isTokens(input: Exclude<CreateEmbedding['input'], string>): input is number[] {
  return typeof input[0] === 'number'
}

/** How the model counts a text is not known here. */
function tokensOf(item: Item): number {
  return typeof item === 'string' ? estimateInputTokens(item) : item.length
}

function numbers(vector: Float32Array): string {
  return flatJson({ name: 'embedding', datatype: 'FP32', shape: [vector.length], data: vector })
}

/** Little-endian float32, as all machines are that Node runs on. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"`
}
