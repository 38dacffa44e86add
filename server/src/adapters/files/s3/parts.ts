import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { StoredFile } from '../../../ports/file-store.ts'
import { bytesOf } from '../disk.ts'

/** A piece of a file, in memory. */
export type Part = {
  /** From 1. */
  number: number
  body: readonly Uint8Array[]
  sha256: string
  /** Of the whole file, with the last part. */
  file: StoredFile | undefined
}

/**
 * Cuts a stream into parts of equal size; the last one may be shorter, and is empty when the file is. The stream is
 * left as it is when this ends early.
 * @throws Problem `payload-too-large` past `maxBytes`; the stream's own error.
 */
export async function* partsOf(
  source: Readable,
  { partBytes, maxBytes }: { partBytes: number; maxBytes: number },
): AsyncGenerator<Part> {
  const fileHash = createHash('sha256')
  let partHash = createHash('sha256')
  let body: Uint8Array[] = []
  let number = 1
  let filledBytes = 0
  let sizeBytes = 0
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    let bytes = bytesOf(chunk)
    sizeBytes += bytes.byteLength
    if (sizeBytes > maxBytes) {
      throw new Problem('payload-too-large', `The file is larger than the limit of ${maxBytes} bytes.`)
    }
    fileHash.update(bytes)
    while (bytes.byteLength > 0) {
      // Only now that there is more: the last part has to know that it is the last.
      if (filledBytes === partBytes) {
        yield { number, body, sha256: partHash.digest('hex'), file: undefined }
        partHash = createHash('sha256')
        body = []
        filledBytes = 0
        number += 1
      }
      const piece = bytes.subarray(0, partBytes - filledBytes)
      partHash.update(piece)
      body.push(piece)
      filledBytes += piece.byteLength
      bytes = bytes.subarray(piece.byteLength)
    }
  }
  const file = { sizeBytes, sha256: fileHash.digest('hex') }
  yield { number, body, sha256: partHash.digest('hex'), file }
}
