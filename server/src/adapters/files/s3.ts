import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { invariant } from '../../kit/invariant.ts'
import type { Log } from '../../kit/log.ts'
import type { FileStore } from '../../ports/file-store.ts'
import { bytesOf } from './disk.ts'
import { checkKey, isKey } from './keys.ts'
import { createS3Client, type S3Client, type S3Credentials } from './s3/client.ts'
import { copyObject } from './s3/copy.ts'
import { download } from './s3/download.ts'
import { isMissing, S3Error, toProblem, whatToChange } from './s3/errors.ts'
import { abortForgottenUploads, listObjects } from './s3/list.ts'
import { openLocalCopies, type Remote } from './s3/local-copies.ts'
import type { S3Place } from './s3/place.ts'
import { createPresign } from './s3/presign.ts'
import { inMemory } from './s3/spool.ts'
import { createUpload } from './s3/upload.ts'

/** Not a key, so that no list shows it. */
const checkName = '.check'
/** Health waits for it. */
const checkSilenceMs = 5000

/**
 * Files in a bucket of an S3 storage (AWS, Cloudflare R2, MinIO, Supabase, Railway, ...), an object per key. Any number
 * of processes may share the prefix; `cacheFolder`, for what `local` fetches, is for this process alone.
 *
 * `put` leaves its source as it is when it fails. All but `check` repeat what failed in passing for some seconds and
 * then throw Problem `storage-unavailable`; whether a change was made is not known then.
 * @throws Error, one sentence for the operator, when the storage refuses the keys or has no such bucket. A storage that
 * does not answer is only warned of: it may come back.
 */
export async function openS3Store(options: {
  place: S3Place
  /** By which clients reach the same storage; without one the bytes go through this process. */
  publicEndpoint?: string
  credentials: S3Credentials
  cacheFolder: string
  cacheBytes: number
  log: Log
}): Promise<FileStore> {
  const { place, publicEndpoint, credentials, log } = options
  const client = createS3Client(options)
  const copies = await openLocalCopies({ folder: options.cacheFolder, maxBytes: options.cacheBytes, log })
  const tools = { client, place, log }
  const upload = createUpload({ ...tools, spoolFolder: join(options.cacheFolder, 'parts') })
  const presign =
    publicEndpoint === undefined
      ? async () => undefined
      : createPresign({ place: { ...place, endpoint: publicEndpoint }, credentials })
  await check(client).catch(error => {
    if (!(error instanceof S3Error)) throw error
    const sentence = whatToChange(error, place)
    if (sentence !== undefined) throw new Error(sentence, { cause: error })
    log.warn('storage-unavailable', { err: error })
  })
  // Nobody waits for it, and it is tried again at the next start.
  abortForgottenUploads(tools, isKey).catch(error => log.warn('storage-abort', { err: error }))

  async function head(key: string): Promise<Remote> {
    const { headers } = await client.send({ method: 'HEAD', key })
    const { etag } = headers
    const sizeBytes = Number(headers['content-length'])
    const sha256 = headers['x-amz-meta-sha256']
    if (!etag || !Number.isSafeInteger(sizeBytes)) throw new S3Error(`HEAD ${key}`, 200, 'no ETag or length')
    return {
      key,
      etag,
      sizeBytes,
      sha256: typeof sha256 === 'string' ? sha256 : undefined,
      open: () => download(client, key, { ifMatch: etag }),
    }
  }

  return {
    async put(key, source, { maxBytes }) {
      checkKey(key)
      // Reading starts later, and stops at the limit: an error outside that time is no crash.
      source.on('error', () => {})
      return await translated(key, upload(key, source, maxBytes))
    },

    async local(key) {
      checkKey(key)
      return await translated(key, head(key).then(copies.hold))
    },

    async read(key, range) {
      checkKey(key)
      return await translated(key, download(client, key, { range }))
    },

    async pieces(key, range) {
      checkKey(key)
      return passOn(await translated(key, download(client, key, { range })))
    },

    async link(key, link) {
      checkKey(key)
      return await presign(key, link)
    },

    async copy(from, to) {
      checkKey(from)
      checkKey(to)
      await translated(
        from,
        head(from).then(remote => copyObject(tools, remote, to)),
      )
    },

    async remove(key) {
      checkKey(key)
      await translated(key, removeObject(client, key))
      await copies.forget(key)
    },

    async *list(prefix) {
      invariant(prefix === '' || isKey(prefix.replace(/\/$/, '')), `not a prefix of keys: ${prefix}`)
      try {
        for await (const object of listObjects(client, place, prefix)) if (isKey(object.key)) yield object
      } catch (error) {
        throw toProblem(error, prefix)
      }
    },

    check: () => translated(checkName, check(client)),
  }
}

async function* passOn(stream: Readable): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream) yield bytesOf(chunk)
}

/** @throws what `work` throws, as what the caller is told. */
async function translated<T>(key: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw toProblem(error, key)
  }
}

/** Most storages do not mind when there is nothing. */
async function removeObject(client: S3Client, key: string): Promise<void> {
  await client.send({ method: 'DELETE', key }).catch(error => {
    if (!(error instanceof S3Error && isMissing(error))) throw error
  })
}

/** Writes something and removes it. */
async function check(client: S3Client): Promise<void> {
  const body = Buffer.from('roundhouse')
  const request = { key: checkName, silenceMs: checkSilenceMs, attempts: 2 }
  await client.send({ ...request, method: 'PUT', body: inMemory(body), sha256: hash('sha256', body) })
  await client.send({ ...request, method: 'DELETE' })
}
