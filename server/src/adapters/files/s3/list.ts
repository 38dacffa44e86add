import type { Log } from '../../../kit/log.ts'
import type { S3Client } from './client.ts'
import { S3Error } from './errors.ts'
import { abort } from './multipart.ts'
import type { S3Place } from './place.ts'
import { insidesOf, textOf } from './xml.ts'

/** Whoever died in the middle of an upload in parts left them to be billed. No upload takes so long. */
const forgottenAfterMs = 7 * 24 * 3_600_000

/** Every object below the prefix, without the place's own prefix, a page of up to 1,000 at a time. @throws S3Error */
export async function* listObjects(
  client: S3Client,
  place: S3Place,
  prefix: string,
): AsyncGenerator<{ key: string; storedAt: number }> {
  let token: string | undefined
  do {
    const query = {
      'list-type': '2',
      prefix: place.prefix + prefix,
      ...(token === undefined ? {} : { 'continuation-token': token }),
    }
    const { text } = await client.send({ method: 'GET', query })
    for (const object of insidesOf(text, 'Contents')) {
      const key = textOf(object, 'Key')
      const storedAt = Date.parse(textOf(object, 'LastModified') ?? '')
      if (!key?.startsWith(place.prefix) || Number.isNaN(storedAt)) {
        throw new S3Error('GET the bucket list-type', 200, 'an object without key or time')
      }
      yield { key: key.slice(place.prefix.length), storedAt }
    }
    token = textOf(text, 'IsTruncated') === 'true' ? textOf(text, 'NextContinuationToken') : undefined
  } while (token !== undefined)
}

/** Gives up uploads in parts that were begun a week ago; `isOurs` says which keys count. @throws S3Error */
export async function abortForgottenUploads(
  { client, place, log }: { client: S3Client; place: S3Place; log: Log },
  isOurs: (key: string) => boolean,
): Promise<void> {
  const query = { uploads: '', ...(place.prefix === '' ? {} : { prefix: place.prefix }) }
  const { text } = await client.send({ method: 'GET', query })
  for (const upload of insidesOf(text, 'Upload')) {
    const key = textOf(upload, 'Key') ?? ''
    const uploadId = textOf(upload, 'UploadId')
    const begunAt = Date.parse(textOf(upload, 'Initiated') ?? '')
    const ours = key.startsWith(place.prefix) && isOurs(key.slice(place.prefix.length))
    if (ours && uploadId && Date.now() - begunAt > forgottenAfterMs) {
      await abort(client, log, key.slice(place.prefix.length), uploadId)
    }
  }
}
