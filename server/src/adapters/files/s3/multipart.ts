import { hash, randomUUID } from 'node:crypto'
import type { Log } from '../../../kit/log.ts'
import type { S3Client } from './client.ts'
import { isMissing, isPassing, S3Error } from './errors.ts'
import { inMemory } from './spool.ts'
import { textOf } from './xml.ts'

/** S3 puts the parts of a large file together while we wait. */
export const longWorkMs = 300_000
/** S3 takes so many. */
export const mostParts = 10_000
const markHeader = 'x-amz-meta-upload'

/**
 * An upload in parts: `send` sends them and gives their etags in order. Then the object is there whole; when anything
 * fails it is given up, so that nothing is left to be billed. `send` ends only when none of its requests is under way:
 * a part that comes after the end of an upload is kept, and billed.
 * @throws S3Error, and what `send` throws
 */
export async function inParts(
  { client, log }: { client: S3Client; log: Log },
  key: string,
  send: (uploadId: string) => Promise<readonly string[]>,
): Promise<void> {
  const mark = randomUUID()
  const begun = await client.send({
    method: 'POST',
    key,
    query: { uploads: '' },
    headers: { [markHeader]: mark },
  })
  const uploadId = textOf(begun.text, 'UploadId')
  if (!uploadId) throw new S3Error(`POST ${key} uploads`, 200, 'no UploadId')
  try {
    const text = Buffer.from(completion(await send(uploadId)))
    const body = inMemory(text)
    const sha256 = hash('sha256', text)
    await client
      .send({ method: 'POST', key, query: { uploadId }, body, sha256, silenceMs: longWorkMs })
      .catch(async error => {
        if (!(await isThere(client, key, mark, error))) throw error
      })
  } catch (error) {
    await abort(client, log, key, uploadId)
    throw error
  }
}

/** What cannot be given up now is found at a later start. */
export async function abort(client: S3Client, log: Log, key: string, uploadId: string): Promise<void> {
  await client.send({ method: 'DELETE', key, query: { uploadId } }).catch(error => {
    if (!(error instanceof S3Error && isMissing(error))) log.warn('storage-abort', { err: error })
  })
}

/** It was done although its answer was lost: then the object carries the mark of this upload. */
async function isThere(client: S3Client, key: string, mark: string, error: unknown): Promise<boolean> {
  if (!(error instanceof S3Error) || !(isPassing(error) || isMissing(error))) return false
  const found = await client.send({ method: 'HEAD', key }).catch(() => undefined)
  return found?.headers[markHeader] === mark
}

function completion(etags: readonly string[]): string {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${xmlText(etag)}</ETag></Part>`,
  )
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
