/** So much of a body is read before the answer is given: what breaks until then can be asked for again. */
const wholeBytes = 16 * 1024 * 1024

/** Calls the operation off when nothing has come for so long. */
export type Stall = { readonly signal: AbortSignal; renew(): void; end(): void }

export function createStall(limitMs: number): Stall {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Error(`Nothing came for ${limitMs / 1000} s.`)), limitMs)
  return { signal: stop.signal, renew: () => void timer.refresh(), end: () => clearTimeout(timer) }
}

/**
 * Reads the body; of a large one the beginning, and the rest flows when it is read.
 * @throws what the connection broke with.
 */
export async function wholeAnswer(response: Response, stall: Stall): Promise<Response> {
  if (!response.body) {
    stall.end()
    return response
  }
  const reader = response.body.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  while (size < wholeBytes) {
    const { done, value } = await reader.read()
    if (done) {
      stall.end()
      return likeIt(response, new Blob(parts))
    }
    stall.renew()
    parts.push(value)
    size += value.byteLength
  }
  const rest = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const first = parts.shift()
      if (first) {
        controller.enqueue(first)
        return
      }
      stall.renew()
      const { done, value } = await reader.read()
      if (done) {
        stall.end()
        controller.close()
      } else controller.enqueue(value)
    },
    cancel(reason) {
      stall.end()
      return reader.cancel(reason)
    },
  })
  return likeIt(response, rest)
}

function likeIt(response: Response, body: Blob | ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  // A blob without a type leaves the header as it is.
  const copy = new Response(body, { status, statusText, headers })
  return Object.defineProperty(copy, 'url', { value: url })
}
