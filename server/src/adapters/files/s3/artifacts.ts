import { Problem } from '@roundhouse/sdk/contract'
import type { Log } from '../../../kit/log.ts'
import type { ArtifactAddress, ArtifactSource } from '../../../ports/artifact-source.ts'
import { createS3Client, type S3Client, type S3Credentials } from './client.ts'
import { isPassing, S3Error } from './errors.ts'
import type { S3Place } from './place.ts'

/** Whoever reads tries again, and counts the time. */
const once = { attempts: 1, silenceMs: 20_000 }

/** Objects that others put into the buckets of an S3 storage: that of the place, with its keys, whichever bucket. */
export function createS3Artifacts(options: {
  place: S3Place
  credentials: S3Credentials
  log: Log
}): ArtifactSource {
  const { place, credentials, log } = options
  const clients = new Map<string, S3Client>()

  function clientOf(bucket: string): S3Client {
    const known = clients.get(bucket)
    if (known) return known
    const client = createS3Client({ place: { ...place, bucket, prefix: '' }, credentials, log })
    clients.set(bucket, client)
    return client
  }

  return {
    label: place.endpoint,
    async stat(address, signal) {
      const request = { method: 'HEAD', key: keyOf(address), signal, ...once } as const
      try {
        const { headers } = await clientOf(address.bucket).send(request)
        const sizeBytes = Number(headers['content-length'])
        const { etag } = headers
        if (etag === undefined || !Number.isSafeInteger(sizeBytes))
          throw new Error('the storage tells no length or no etag')
        return { sizeBytes, etag }
      } catch (error) {
        if (error instanceof S3Error && error.status === 404) return undefined
        throw translated(error, address, place)
      }
    },
    async read(address, { start, etag }, signal) {
      const headers = { 'if-match': etag, ...(start === 0 ? {} : { range: `bytes=${start}-` }) }
      const request = { method: 'GET', key: keyOf(address), headers, signal, ...once } as const
      try {
        const answer = await clientOf(address.bucket).open(request)
        if (start === 0 || answer.statusCode === 206) return answer
        answer.destroy()
        throw new Problem('invalid-request', `The storage ${place.endpoint} gives no part of an object.`)
      } catch (error) {
        if (error instanceof S3Error && (error.status === 404 || error.status === 412))
          throw new Problem('conflict', `The object ${nameOf(address)} changed during its download.`, {
            cause: error,
          })
        throw translated(error, address, place)
      }
    },
  }
}

/** Escaped: a name may hold anything, a question mark too. */
function keyOf({ path }: ArtifactAddress): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function nameOf({ bucket, path }: ArtifactAddress): string {
  return `${bucket}/${path}`
}

function translated(error: unknown, address: ArtifactAddress, { endpoint }: S3Place): unknown {
  if (!(error instanceof S3Error) || isPassing(error)) return error
  return error.status === 401 || error.status === 403
    ? new Problem(
        'forbidden',
        `The storage ${endpoint} refuses to give ${nameOf(address)} (${error.code}). Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and what they may read.`,
        { cause: error },
      )
    : new Problem('invalid-request', `The storage ${endpoint} refuses the question: ${error.message}.`, {
        cause: error,
      })
}
