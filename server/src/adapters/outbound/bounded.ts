import { Problem } from '@roundhouse/sdk/contract'

/**
 * The body as it is unpacked, which breaks off where it is larger than allowed: what was packed may be a thousand times
 * larger than what came. Read only as fast as it is wanted.
 * @param end Called once, with the last byte or the first error. @param explain What is thrown for what went wrong.
 */
export function bounded(
  body: ReadableStream<Uint8Array>,
  limits: { maxBytes: number; host: string; end: () => void; explain: (error: unknown) => unknown },
): ReadableStream<Uint8Array> {
  const { maxBytes, host, end, explain } = limits
  const reader = body.getReader()
  let leftBytes = maxBytes
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) leftBytes -= value.byteLength
          if (leftBytes < 0) throw tooLarge(host, maxBytes)
          if (!done) return controller.enqueue(value)
          end()
          controller.close()
        } catch (error) {
          end()
          // What is still under way is not waited for.
          reader.cancel().catch(() => undefined)
          throw explain(error)
        }
      },
      async cancel(reason) {
        end()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

export function tooLarge(host: string, maxBytes: number): Problem {
  return new Problem('address-failed', `The answer of ${host} is larger than ${maxBytes} bytes.`)
}
