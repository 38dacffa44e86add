import { createClient } from '@roundhouse/sdk'
import { readPrediction, readRaw, type Values } from '../../../predict/values.ts'
import { isJsonObject } from '../../../ui/read-json.ts'

export type Answer = {
  outputs: Values
  /** Of the model alone. */
  inferenceMs: number
  /** From sending to the last byte of the reply, as the browser saw it. */
  totalMs: number
  isCached: boolean
  requestId: string | null
}

export type Question = {
  modelId: string
  /** JSON of `input_data`. */
  input: string
  skipCache: boolean
  signal: AbortSignal
}

/**
 * One prediction. The reply is looked at on its way to the client too: its id, and the digits of large whole numbers,
 * are in nothing that the client gives.
 * @throws what the SDK throws
 */
export async function predictOnce({ modelId, input, skipCache, signal }: Question): Promise<Answer> {
  let heard: { text: string; totalMs: number; requestId: string | null } | undefined
  const client = createClient({
    baseUrl: '',
    maxRetries: 0,
    async fetch(url, init) {
      const startedAt = performance.now()
      const { status, headers, ...response } = await listen(url, init)
      heard = {
        text: response.text,
        totalMs: performance.now() - startedAt,
        requestId: headers.get('x-request-id'),
      }
      return new Response(response.text, { status, headers })
    },
  })
  const inputs = readRaw(input)
  if (!isJsonObject(inputs)) throw new Error('The inputs must be an object by input name.')
  await client.models.predict(modelId, inputs, { signal, skipCache })
  if (!heard) throw new Error('The browser sent nothing.')
  const { text, ...rest } = heard
  return { ...readPrediction(text), ...rest }
}

async function listen(
  ...[url, init]: Parameters<typeof fetch>
): Promise<Pick<Response, 'status' | 'headers'> & { text: string }> {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}
