import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { StoredFile } from '../../../ports/file-store.ts'
import { bytesOf } from '../disk.ts'
import { type Body, createSpool } from './spool.ts'

/** A piece of a file. Whoever takes it discards it. */
export type Part = {
  /** From 1. */
  number: number
  body: Body
  sha256: string
  discard(): Promise<void>
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
  { partBytes, maxBytes, spoolFolder }: { partBytes: number; maxBytes: number; spoolFolder: string },
): AsyncGenerator<Part> {
  const fileHash = createHash('sha256')
  let partHash = createHash('sha256')
  let spool = createSpool(spoolFolder)
  let number = 1
  let filledBytes = 0
  let sizeBytes = 0
  let handedOver = false

  function take(file?: StoredFile): Part {
    handedOver = true
    const { body, discard } = spool
    return { number, body, sha256: partHash.digest('hex'), file, discard }
  }

  try {
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
          yield take()
          partHash = createHash('sha256')
          spool = createSpool(spoolFolder)
          handedOver = false
          filledBytes = 0
          number += 1
        }
        const piece = bytes.subarray(0, partBytes - filledBytes)
        partHash.update(piece)
        await spool.add(piece)
        filledBytes += piece.byteLength
        bytes = bytes.subarray(piece.byteLength)
      }
    }
    yield take({ sizeBytes, sha256: fileHash.digest('hex') })
  } finally {
    if (!handedOver) await spool.discard()
  }
}
