import type { Readable } from 'node:stream'

export type StoredFile = { sizeBytes: number; sha256: string }

/** How long a link is good for, and the headers that its answer has. */
export type FileLink = {
  /** From 1. */
  expiresInSeconds: number
  contentType: string
  disposition: string | undefined
  cacheControl: string
}

/** Bytes under opaque keys. Keys are `[a-z0-9][a-z0-9/_-]*` chosen by us, never by a user. */
export type FileStore = {
  /**
   * Stores what the stream gives. When the promise fulfils the bytes are durable; until then nothing is visible.
   * @throws Problem `payload-too-large` past `maxBytes`, `storage-full`; the stream's own error. Nothing is kept then.
   */
  put(key: string, source: Readable, options: { maxBytes: number }): Promise<StoredFile>
  /**
   * A path on the local disk that holds the bytes until `release` is called.
   * @throws Problem `not-found`.
   */
  local(key: string): Promise<{ path: string; release(): Promise<void> }>
  /**
   * The bytes, or those from `start` up to and with `end` (counted from 0; past the last byte there is nothing). The
   * stream gives one state of the file, also when it is replaced or removed meanwhile. Whoever does not read it to its
   * end destroys it.
   * @throws Problem `not-found`, before the stream is given.
   */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>
  /**
   * The same, for who passes the bytes on: a piece is good only until the next one is asked for, so that large files
   * leave no garbage. Whoever has begun and does not take them to the end calls `return`.
   */
  pieces(key: string, range?: { start: number; end: number }): Promise<AsyncGenerator<Uint8Array, void>>
  /**
   * Where a client reads the bytes itself, all or a range of them; undefined when only the server can. Nothing is asked
   * of the store: there may be no such file.
   */
  link(key: string, link: FileLink): Promise<URL | undefined>
  /**
   * Stores the bytes of `from` at `to` as well, durably and as of now; what was there is replaced whole.
   * @throws Problem `not-found`, `storage-full`.
   */
  copy(from: string, to: string): Promise<void>
  /** Removes the bytes; no error when there are none. */
  remove(key: string): Promise<void>
  /** Every key below the prefix, with the time it was stored (milliseconds since the epoch). */
  list(prefix: string): AsyncIterable<{ key: string; storedAt: number }>
  /** Rejects when the store cannot be written. Leaves nothing. */
  check(): Promise<void>
}
