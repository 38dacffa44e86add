import { Problem } from '../contract/problem.ts'
import { quoteName } from './names.ts'

const encoder = new TextEncoder()

/**
 * The value of `Inference-Header-Content-Length`: bytes of JSON at the start of the body. Undefined when the header
 * is absent: the whole body is JSON. 0: the body is the raw bytes of the only input.
 * @throws Problem `invalid-request`: not a number, or more than the body has.
 */
export function parseHeaderLength(value: string | undefined, bodyLength: number): number | undefined {
  if (value === undefined) return undefined
  const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (length <= bodyLength) return length
  throw new Problem(
    'invalid-request',
    `Inference-Header-Content-Length must be the bytes of the JSON header, an integer from 0 to ${bodyLength} (the whole body), got ${JSON.stringify(value.slice(0, 40))}.`,
  )
}

/** JSON and the blobs behind it. The JSON is filled up with spaces to a multiple of 8 bytes, so that a reader can view the first blob in place. */
export function joinBinary(
  json: string,
  blobs: readonly Uint8Array[],
): { body: Uint8Array; headerLength: number } {
  const header = encoder.encode(json)
  const headerLength = Math.ceil(header.length / 8) * 8
  const body = new Uint8Array(blobs.reduce((sum, blob) => sum + blob.length, headerLength))
  body.set(header)
  body.fill(0x20, header.length, headerLength)
  let at = headerLength
  for (const blob of blobs) {
    body.set(blob, at)
    at += blob.length
  }
  return { body, headerLength }
}

/** Hands out the blobs behind the JSON header, in order. */
export type BlobReader = {
  /** @throws Problem `invalid-tensor` when the body ends before. */
  take(name: string, sizeBytes: unknown): Uint8Array
  /** @throws Problem `invalid-request` when bytes are left. */
  end(): void
}

/** @param headerLength undefined when the body is JSON only. */
export function createBlobReader(
  body: Uint8Array,
  headerLength: number | undefined,
  role: 'input' | 'output',
): BlobReader {
  let at = headerLength ?? body.length
  return {
    take(name, sizeBytes) {
      if (headerLength === undefined) {
        throw new Problem(
          'invalid-request',
          `${role} ${quoteName(name)} has binary_data_size, but the header Inference-Header-Content-Length, which says where the JSON ends, is absent.`,
        )
      }
      if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
        throw new Problem(
          'invalid-request',
          `${role} ${quoteName(name)}: binary_data_size must be a whole number of bytes.`,
        )
      }
      const left = body.length - at
      if (sizeBytes > left) {
        throw new Problem(
          'invalid-tensor',
          `unexpected size for ${role} ${quoteName(name)}, expecting ${sizeBytes - left} additional bytes (binary_data_size ${sizeBytes}, ${left} left in the body).`,
        )
      }
      at += sizeBytes
      return body.subarray(at - sizeBytes, at)
    },
    end() {
      if (at === body.length) return
      throw new Problem(
        'invalid-request',
        `unexpected additional ${role} data: ${body.length - at} bytes are left after the last binary ${role}.`,
      )
    },
  }
}
