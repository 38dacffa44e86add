import type { Log } from '../../../kit/log.ts'
import type { S3Client } from './client.ts'
import { S3Error } from './errors.ts'
import type { Remote } from './local-copies.ts'
import { inParts, longWorkMs } from './multipart.ts'
import { type S3Place, urlOf } from './place.ts'
import { textOf } from './xml.ts'

/** S3 copies no more by one request; beyond, it copies parts. */
const largestCopyBytes = 5 * 1024 ** 3
const copyPartBytes = 1024 ** 3

/** Copies within the storage; the bytes do not come here. @throws S3Error */
export async function copyObject(
  tools: { client: S3Client; log: Log; place: S3Place },
  from: Remote,
  to: string,
): Promise<void> {
  const { client, place } = tools
  const source = {
    'x-amz-copy-source': new URL(
      urlOf({ ...place, endpoint: 'http://s3', pathStyle: true }, place.prefix + from.key),
    ).pathname,
    'x-amz-copy-source-if-match': from.etag,
  }
  if (from.sizeBytes <= largestCopyBytes) {
    const headers = {
      ...source,
      // With COPY, the default, no object may be copied onto itself.
      'x-amz-metadata-directive': 'REPLACE',
      ...(from.sha256 === undefined ? {} : { 'x-amz-meta-sha256': from.sha256 }),
    }
    await client.send({ method: 'PUT', key: to, headers, silenceMs: longWorkMs })
    return
  }
  await inParts(tools, to, async uploadId => {
    const etags: string[] = []
    for (let start = 0; start < from.sizeBytes; start += copyPartBytes) {
      const end = Math.min(start + copyPartBytes, from.sizeBytes) - 1
      const headers = { ...source, 'x-amz-copy-source-range': `bytes=${start}-${end}` }
      const query = { partNumber: String(etags.length + 1), uploadId }
      const { text } = await client.send({ method: 'PUT', key: to, query, headers, silenceMs: longWorkMs })
      const etag = textOf(text, 'ETag')
      if (!etag) throw new S3Error(`PUT ${to} uploadId`, 200, 'no ETag')
      etags.push(etag)
    }
    return etags
  })
}
