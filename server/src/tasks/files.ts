import { addAbortSignal, Readable } from 'node:stream'
import type { TaskFiles } from '@roundhouse/sdk/config'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'

const pageSize = 1000

/** The files of one run: with all rights, and what is put belongs to the house. */
export function createTaskFiles({
  files,
  caller,
  publicUrl,
  signal,
}: {
  files: Pick<Files, 'objects' | 'listing' | 'links'>
  caller: Caller
  publicUrl: string
  signal: AbortSignal
}): TaskFiles {
  const { objects, listing, links } = files
  return {
    async put(bucket, name, content, { contentType } = {}) {
      signal.throwIfAborted()
      const whole = typeof content === 'string' || content instanceof Uint8Array
      await objects.putFor(null, {
        bucket,
        name,
        // As one piece: the elements of an array of bytes would be its pieces else.
        source: addAbortSignal(signal, Readable.from(whole ? [Buffer.from(content)] : content)),
        contentType:
          contentType ??
          (typeof content === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream'),
        upsert: true,
      })
    },
    async get(bucket, name) {
      signal.throwIfAborted()
      const { object, stream } = await objects.open(caller, bucket, name)
      const body = Readable.toWeb(addAbortSignal(signal, stream)) as ReadableStream<Uint8Array>
      const headers = { 'content-type': object.content_type, 'content-length': String(object.size_bytes) }
      return new Response(body, { headers })
    },
    async *list(bucket, prefix = '') {
      let cursor: string | undefined
      do {
        signal.throwIfAborted()
        const page = await listing.page(caller, bucket, {
          prefix,
          folders: false,
          column: 'name',
          order: 'asc',
          cursor,
          limit: pageSize,
        })
        for (const { name, object } of page.entries)
          if (object)
            yield {
              name,
              sizeBytes: object.size_bytes,
              contentType: object.content_type,
              updatedAt: object.updated_at,
            }
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
    },
    async remove(bucket, name) {
      signal.throwIfAborted()
      await objects.remove(caller, bucket, name)
    },
    async signedUrl(bucket, name, expiresInSeconds) {
      const { token } = await links.signDownload(caller, bucket, name, expiresInSeconds)
      const path = [bucket, ...name.split('/')].map(encodeURIComponent).join('/')
      return `${publicUrl}/storage/v1/object/sign/${path}?token=${token}`
    },
  }
}

/** Named in the audit log. */
export function taskCaller(task: string): Caller {
  return serviceCaller(`task:${task}`)
}
