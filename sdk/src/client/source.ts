import { unshared } from './unshared.ts'

/** What can be uploaded in chunks. A stream is read once, as fast as it is sent. */
export type UploadSource = Blob | Uint8Array | ReadableStream<Uint8Array>

export type ByteSource = {
  /** Undefined for a stream. */
  readonly totalBytes: number | undefined
  /** Whether it can be read again from the beginning. */
  readonly rewinds: boolean
  /**
   * The chunk that begins here.
   * @throws Error for a stream that was asked for what it no longer has.
   */
  chunkAt(offset: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; isLast: boolean }>
  close(): Promise<void>
}

export function openSource(from: UploadSource, chunkBytes: number): ByteSource {
  return from instanceof ReadableStream ? openStream(from, chunkBytes) : openBytes(from, chunkBytes)
}

function openBytes(from: Blob | Uint8Array, chunkBytes: number): ByteSource {
  const totalBytes = from instanceof Blob ? from.size : from.byteLength
  return {
    totalBytes,
    rewinds: true,
    async chunkAt(offset) {
      const end = Math.min(totalBytes, offset + chunkBytes)
      const bytes =
        from instanceof Blob
          ? new Uint8Array(await from.slice(offset, end).arrayBuffer())
          : unshared(from.subarray(offset, end))
      return { bytes, isLast: end === totalBytes }
    },
    async close() {},
  }
}

/** Keeps what was read and not yet acknowledged: at most a chunk and what the stream gave with its end. */
function openStream(from: ReadableStream<Uint8Array>, chunkBytes: number): ByteSource {
  const reader = from.getReader()
  let held: Uint8Array<ArrayBuffer>[] = []
  let heldFrom = 0
  let heldBytes = 0
  let ended = false

  /** One byte more than a chunk, to know whether it is the last. */
  async function fill(): Promise<void> {
    while (!ended && heldBytes <= chunkBytes) {
      const { value, done } = await reader.read()
      if (done) ended = true
      else if (value.byteLength > 0) {
        held.push(unshared(value))
        heldBytes += value.byteLength
      }
    }
  }

  async function drop(count: number): Promise<void> {
    const rest = new Blob(held).slice(count)
    held = [new Uint8Array(await rest.arrayBuffer())]
    heldFrom += count
    heldBytes -= count
  }

  return {
    totalBytes: undefined,
    rewinds: false,
    async chunkAt(offset) {
      if (offset < heldFrom || offset > heldFrom + heldBytes)
        throw new Error(`The stream is at byte ${heldFrom}; the server asks for byte ${offset}.`)
      if (offset > heldFrom) await drop(offset - heldFrom)
      await fill()
      const bytes = new Uint8Array(await new Blob(held).slice(0, chunkBytes).arrayBuffer())
      return { bytes, isLast: ended && heldBytes <= chunkBytes }
    },
    async close() {
      if (!ended) await reader.cancel().catch(() => {})
    },
  }
}
