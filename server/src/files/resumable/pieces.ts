import { Readable } from 'node:stream'
import type { FileStore } from '../../ports/file-store.ts'
import type { Piece } from './store.ts'

/**
 * Cuts a stream into streams of at most `pieceBytes`, each to be read to its end before the next is asked for. A source
 * that breaks off just ends: what has come counts. Leaves the source to its owner.
 */
export async function* inPieces(source: Readable, pieceBytes: number): AsyncGenerator<Readable, void> {
  const chunks = source.iterator({ destroyOnReturn: false })
  let rest: Buffer | undefined

  async function next(): Promise<Buffer | undefined> {
    try {
      for (;;) {
        const { value, done } = await chunks.next()
        if (done) return undefined
        if (value.length > 0) return value
      }
    } catch {
      return undefined
    }
  }

  async function* piece(): AsyncGenerator<Buffer, void> {
    let left = pieceBytes
    while (left > 0) {
      const chunk = rest ?? (await next())
      if (chunk === undefined) return
      rest = chunk.length > left ? chunk.subarray(left) : undefined
      left -= Math.min(left, chunk.length)
      yield rest === undefined ? chunk : chunk.subarray(0, chunk.length - rest.length)
    }
  }

  for (;;) {
    rest ??= await next()
    if (rest === undefined) return
    yield Readable.from(piece(), { objectMode: false })
  }
}

/**
 * The bytes of all pieces, one after the other.
 * @throws Error when together they are not `totalBytes`: nothing is stored that differs from what was sent.
 */
export function joined(files: FileStore, pieces: readonly Piece[], totalBytes: number): Readable {
  async function* bytes(): AsyncGenerator<Buffer, void> {
    let sentBytes = 0
    for (const { fileKey } of pieces) {
      for await (const chunk of await files.read(fileKey)) {
        sentBytes += chunk.length
        yield chunk
      }
    }
    if (sentBytes !== totalBytes)
      throw new Error(`The pieces of the upload have ${sentBytes} bytes, not ${totalBytes}.`)
  }
  return Readable.from(bytes(), { objectMode: false })
}
