import { AwsV4Signer } from 'aws4fetch'
import type { FileLink } from '../../../ports/file-store.ts'
import type { S3Credentials } from './client.ts'
import { type S3Place, urlOf } from './place.ts'

/**
 * Makes the function that gives the address of an object by which anyone may read it for a while (AWS signature version
 * 4, query form). It sends nothing. The headers of the answer are signed too: whoever changes one is refused.
 */
export function createPresign({
  place,
  credentials,
}: {
  place: S3Place
  credentials: S3Credentials
}): (key: string, link: FileLink) => Promise<URL> {
  /** Keys derived for a day. */
  const cache = new Map<string, ArrayBuffer>()

  return async (key, { expiresInSeconds, contentType, disposition, cacheControl }) => {
    const signer = new AwsV4Signer({
      ...credentials,
      method: 'GET',
      url: urlOf(place, place.prefix + key, {
        'X-Amz-Expires': String(expiresInSeconds),
        'response-cache-control': cacheControl,
        'response-content-type': contentType,
        ...(disposition === undefined ? {} : { 'response-content-disposition': disposition }),
      }).href,
      service: 's3',
      region: place.region,
      cache,
      signQuery: true,
    })
    const { url } = await signer.sign()
    // Signed as %20. A plus is a space in forms alone, and not every storage reads it as one.
    url.search = url.search.replaceAll('+', '%20')
    return url
  }
}
