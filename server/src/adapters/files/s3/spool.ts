import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAll } from '../disk.ts'

/** Bytes to send, as often as it takes. */
export type Body = {
  readonly sizeBytes: number
  bytes(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

export type Spool = {
  add(bytes: Uint8Array): Promise<void>
  readonly body: Body
  /** Frees what it holds. */
  discard(): Promise<void>
}

/** Of what is there already. */
export function inMemory(...chunks: readonly Uint8Array[]): Body {
  return { sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0), bytes: () => chunks }
}

/** So much of an upload is kept in memory: most files are smaller, and never touch the disk. */
const memoryBytes = 256 * 1024
const readAtATimeBytes = 256 * 1024

/**
 * Takes in bytes that are sent later: the first ones in memory, from there on a file below `folder`, so that many
 * uploads at once need little memory. The file has no name any more while it is used, so that nothing is left of it.
 */
export function createSpool(folder: string): Spool {
  let chunks: Uint8Array[] = []
  let sizeBytes = 0
  let file: FileHandle | undefined

  async function* fromFile(handle: FileHandle): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead, buffer } = await handle.read({
        buffer: Buffer.allocUnsafe(Math.min(readAtATimeBytes, sizeBytes - at)),
        position: at,
      })
      if (bytesRead === 0) throw new Error(`A part in ${folder} has ${at} bytes, expected ${sizeBytes}.`)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  return {
    async add(bytes) {
      sizeBytes += bytes.byteLength
      if (!file && sizeBytes > memoryBytes) {
        file = await openNameless(folder)
        await writeAll(file, chunks)
        chunks = []
      }
      if (file) await writeAll(file, [bytes])
      else chunks.push(bytes)
    },
    body: {
      get sizeBytes() {
        return sizeBytes
      },
      bytes: () => (file ? fromFile(file) : chunks),
    },
    async discard() {
      chunks = []
      await file?.close()
      file = undefined
    },
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}
