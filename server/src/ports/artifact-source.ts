import type { Readable } from 'node:stream'

/** An object of a storage. */
export type ArtifactAddress = { readonly bucket: string; readonly path: string }

export type ArtifactFacts = {
  readonly sizeBytes: number
  /** Where the storage knows it, in lower-case hex. */
  readonly sha256?: string
  /** Another one means other bytes. */
  readonly etag: string
}

/**
 * Files that were put somewhere for the server to fetch.
 *
 * Both methods reject with a Problem that is not retryable (`forbidden`, `invalid-request`) where trying again is of no
 * use, and with anything else where it may be. They end soon after `signal` aborts.
 */
export type ArtifactSource = {
  /** For people: which storage this is. */
  readonly label: string
  /** Undefined when there is no such object. */
  stat(address: ArtifactAddress, signal: AbortSignal): Promise<ArtifactFacts | undefined>
  /**
   * The bytes from `start` on. @throws Problem `conflict` when the object no longer has this etag, or is gone.
   */
  read(
    address: ArtifactAddress,
    part: { start: number; etag: string },
    signal: AbortSignal,
  ): Promise<Readable>
}
