import type { Readable } from 'node:stream'
import type { Log } from '../../../kit/log.ts'
import { createTurnstile } from '../../../kit/turnstile.ts'
import type { StoredFile } from '../../../ports/file-store.ts'
import type { S3Client } from './client.ts'
import { S3Error } from './errors.ts'
import { inParts, mostParts } from './multipart.ts'
import { type Part, partsOf } from './parts.ts'

/** S3 takes parts from 5 MiB. A file of up to one part is sent by one request. */
const partBytes = 8 * 1024 * 1024
const partsAtATimePerFile = 2
const partsAtATime = 8

/**
 * Makes the function that stores a stream of up to 78 GiB. Parts wait on the local disk, below `spoolFolder`: per file
 * the one that is being filled and up to two that are on their way; in memory is of each a quarter of a megabyte.
 */
export function createUpload(tools: {
  client: S3Client
  log: Log
  spoolFolder: string
}): (key: string, source: Readable, maxBytes: number) => Promise<StoredFile> {
  const { client, spoolFolder } = tools
  const turnstile = createTurnstile(partsAtATime)

  return async (key, source, maxBytes) => {
    const parts = partsOf(source, {
      partBytes,
      maxBytes: Math.min(maxBytes, mostParts * partBytes),
      spoolFolder,
    })
    const first = await parts.next()
    if (first.done) throw new Error('a stream has at least one part')
    try {
      return await storeParts(key, first.value, parts)
    } finally {
      await first.value.discard()
      // A part that was being filled when it failed.
      await parts.return(undefined)
    }
  }

  async function storeParts(key: string, first: Part, others: AsyncIterable<Part>): Promise<StoredFile> {
    const { body, sha256, file } = first
    if (file) {
      const headers = { 'x-amz-meta-sha256': sha256 }
      await turnstile(() => client.send({ method: 'PUT', key, body, sha256, headers }))
      return file
    }
    let stored: StoredFile | undefined
    await inParts(tools, key, async uploadId => {
      const sent = await sendParts(key, uploadId, first, others)
      stored = sent.file
      return sent.etags
    })
    if (!stored) throw new Error('the last part carries the size and hash of the file')
    return stored
  }

  async function sendParts(
    key: string,
    uploadId: string,
    first: Part,
    others: AsyncIterable<Part>,
  ): Promise<{ etags: string[]; file: StoredFile | undefined }> {
    const stop = new AbortController()
    const etags: string[] = []
    const sending = new Set<Promise<void>>()
    let file: StoredFile | undefined

    async function sendPart({ number, body, sha256, discard }: Part, begun: () => void): Promise<void> {
      const query = { partNumber: String(number), uploadId }
      const request = { method: 'PUT', key, query, body, sha256, lastAttempt: stop.signal } as const
      const { headers } = await turnstile(() => {
        begun()
        return client.send(request)
      }).finally(discard)
      if (!headers.etag) throw new S3Error(`PUT ${key} uploadId`, 200, 'no ETag')
      etags[number - 1] = headers.etag
    }

    /** Fulfils when the next part may be filled. The first failure stops the others, and is the reason of all. */
    async function hand(part: Part): Promise<void> {
      const begun = Promise.withResolvers<void>()
      const sent = sendPart(part, begun.resolve)
        .catch(error => stop.abort(error))
        .finally(() => sending.delete(sent))
      sending.add(sent)
      file = part.file
      await begun.promise
      if (sending.size >= partsAtATimePerFile) await Promise.race(sending)
      stop.signal.throwIfAborted()
    }

    try {
      await hand(first)
      for await (const part of others) await hand(part)
      await Promise.all(sending)
      stop.signal.throwIfAborted()
      return { etags, file }
    } catch (error) {
      stop.abort(error)
      // Not cut: the storage might take a part that is under way after the upload has been given up.
      await Promise.all(sending)
      throw error
    }
  }
}
