import {
  type FileEntry,
  type FileInfo,
  fileEntries,
  fileInfo,
  filePage,
  removedFiles,
  signedDownload,
  signedDownloads,
  signedUpload,
  storedFile,
} from '../contract/file.ts'
import { type BucketsClient, createBucketsClient } from './buckets.ts'
import type { FileBytes } from './form.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { base64, type ResumableOptions, uploadResumable } from './resumable.ts'
import type { UploadSource } from './source.ts'
import { type Call, type CallOptions, jsonCall, type Send } from './transport.ts'
import type { UploadProgress } from './upload.ts'

export type FileDetails = {
  /** Default: that of a Blob, else `application/octet-stream`. */
  contentType?: string
  /** How long readers may keep it without asking; without it they ask each time. */
  cacheSeconds?: number
  /** Anything of your own, as JSON. */
  metadata?: Readonly<Record<string, unknown>>
  /** Replaces the object of this name; else that is Problem `object-exists`. */
  upsert?: boolean
}

export type FileUploadOptions = CallOptions &
  FileDetails & { onProgress?: (progress: UploadProgress) => void }

export type ResumableUploadOptions = ResumableOptions &
  FileDetails & {
    /** Of `signedUploadUrl`, instead of the client's own credential. */
    token?: string
  }

/** `timeoutMs` is the longest time without any byte of it. */
export type DownloadOptions = CallOptions & {
  /** Bytes from `start` up to and with `end`, counted from 0. */
  range?: { start: number; end?: number }
  onProgress?: (progress: { receivedBytes: number }) => void
}

export type ListFiles = CallOptions & {
  limit?: number
  offset?: number
  /** What the name in the folder begins with, whatever its case. */
  search?: string
  sortBy?: { column: 'name' | 'updated_at' | 'created_at'; order?: 'asc' | 'desc' }
}

export type LinkOptions = CallOptions & {
  expiresInSeconds: number
  /** The browser saves the file, under this name if one is given. */
  download?: boolean | string
}

/** Objects of one bucket, by names such as `<user id>/photos/1.png`. */
export type BucketFiles = {
  /** In one request. For what takes minutes use `uploadResumable`. */
  upload(name: string, file: FileBytes, options?: FileUploadOptions): Promise<{ name: string; id: string }>
  /** In chunks, through lost connections and restarts of the server; a stream's length need not be known. */
  uploadResumable(name: string, file: UploadSource, options?: ResumableUploadOptions): Promise<void>
  download(name: string, options?: DownloadOptions): Promise<Blob>
  /** The same without holding it in memory. A connection that breaks in between is a ConnectionError of the stream. */
  downloadStream(
    name: string,
    options?: Omit<DownloadOptions, 'onProgress'>,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>
  info(name: string, options?: CallOptions): Promise<FileInfo>
  /** What lies in a folder; '' is the top. Names are within the folder. */
  list(folder?: string, options?: ListFiles): Promise<FileEntry[]>
  /** Every object whose name begins so, page after page, with its full name. */
  iterate(prefix?: string, options?: CallOptions): AsyncGenerator<FileEntry, void>
  /** Gives the names that were removed: those that were there and yours to remove. At most 1000 at once. */
  remove(names: readonly string[], options?: CallOptions): Promise<string[]>
  move(from: string, to: string, options?: CallOptions & { toBucket?: string }): Promise<void>
  copy(
    from: string,
    to: string,
    options?: CallOptions & { toBucket?: string; upsert?: boolean },
  ): Promise<void>
  /** A link that needs no credential until it expires. */
  signedUrl(name: string, options: LinkOptions): Promise<string>
  /** Null for names that are not there or not yours. */
  signedUrls(names: readonly string[], options: LinkOptions): Promise<{ name: string; url: string | null }[]>
  /** For someone else to upload this one object with; it becomes yours. */
  signedUploadUrl(
    name: string,
    options?: CallOptions & { upsert?: boolean },
  ): Promise<{ url: string; token: string }>
  uploadToSignedUrl(
    name: string,
    token: string,
    file: FileBytes,
    options?: Omit<FileUploadOptions, 'upsert'>,
  ): Promise<void>
  /** Of a public bucket. Asks no server. */
  publicUrl(name: string, options?: { download?: boolean | string }): string
}

/** Every call throws what `Send` throws, and UnexpectedReply. */
export type FilesClient = { buckets: BucketsClient; from(bucket: string): BucketFiles }

const root = '/storage/v1'

export function createFilesClient(send: Send, baseUrl: string): FilesClient {
  return { buckets: createBucketsClient(send), from: bucket => createBucketFiles(send, baseUrl, bucket) }
}

function createBucketFiles(send: Send, baseUrl: string, bucket: string): BucketFiles {
  const object = (name: string, kind = '') => `${root}/object${kind}${path`/${bucket}`}/${namePath(name)}`
  const absolute = (url: string, download: boolean | string | undefined) => {
    if (download === undefined || download === false) return `${baseUrl}${root}${url}`
    const query = `download=${download === true ? '' : encodeURIComponent(download)}`
    return `${baseUrl}${root}${url}${url.includes('?') ? '&' : '?'}${query}`
  }
  const readCall = (name: string, range: DownloadOptions['range']) => ({
    method: 'GET' as const,
    path: object(name),
    headers: range ? { range: `bytes=${range.start}-${range.end ?? ''}` } : {},
  })
  const linked = async (call: Call, options: CallOptions | undefined) =>
    send({ ...call, idempotent: true }, options)

  return {
    async upload(name, file, { onProgress, upsert = false, signal, timeoutMs, ...details } = {}) {
      const reply = await send(
        {
          method: 'POST',
          path: object(name),
          headers: { ...headersOf(details), 'x-upsert': String(upsert) },
          upload: { file, contentType: typeOf(file, details), onProgress },
          idempotent: upsert,
        },
        { signal, timeoutMs },
      )
      return { name, id: readReply(storedFile, reply).Id ?? '' }
    },

    uploadResumable(
      name,
      file,
      { token, upsert = false, contentType, cacheSeconds, metadata, ...rest } = {},
    ) {
      const target = {
        bucketName: bucket,
        objectName: name,
        contentType: typeOf(file, { contentType }),
        ...(cacheSeconds === undefined ? {} : { cacheControl: String(cacheSeconds) }),
        ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
      }
      return uploadResumable(send, { metadata: target, upsert, token }, file, rest)
    },

    async download(name, { range, onProgress, ...options } = {}) {
      const onReceive = onProgress && ((receivedBytes: number) => onProgress({ receivedBytes }))
      const call = { ...readCall(name, range), receive: 'blob', onReceive } as const
      const { blob = new Blob([]), headers } = await send(call, options)
      return blob.slice(0, blob.size, headers.get('content-type') ?? '')
    },

    async downloadStream(name, { range, ...options } = {}) {
      const { stream } = await send({ ...readCall(name, range), receive: 'stream' }, options)
      return stream ?? new ReadableStream({ start: controller => controller.close() })
    },

    async info(name, options) {
      return readReply(fileInfo, await send({ method: 'GET', path: object(name, '/info') }, options))
    },

    async list(folder = '', { limit, offset, search, sortBy, ...options } = {}) {
      const call = jsonCall(
        'POST',
        path`/storage/v1/object/list/${bucket}`,
        JSON.stringify({ prefix: folder, limit, offset, search, sortBy }),
      )
      return readReply(fileEntries, await linked(call, options))
    },

    async *iterate(prefix = '', options) {
      const to = path`/storage/v1/object/list-v2/${bucket}`
      for (let cursor: string | undefined; ; ) {
        const call = jsonCall('POST', to, JSON.stringify({ prefix, cursor }))
        const page = readReply(filePage, await linked(call, options))
        yield* page.objects
        if (page.nextCursor === undefined) return
        cursor = page.nextCursor
      }
    },

    async remove(names, options) {
      const call = {
        method: 'DELETE',
        path: path`/storage/v1/object/${bucket}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prefixes: names }),
      } as const
      return readReply(removedFiles, await send(call, options)).map(({ name }) => name)
    },

    async move(from, to, { toBucket, ...options } = {}) {
      const body = {
        bucketId: bucket,
        sourceKey: from,
        destinationKey: to,
        destinationBucket: toBucket,
      }
      await send(jsonCall('POST', `${root}/object/move`, JSON.stringify(body)), options)
    },

    async copy(from, to, { toBucket, upsert = false, ...options } = {}) {
      const body = {
        bucketId: bucket,
        sourceKey: from,
        destinationKey: to,
        destinationBucket: toBucket,
      }
      const call = jsonCall('POST', `${root}/object/copy`, JSON.stringify(body))
      const headers = { ...call.headers, 'x-upsert': String(upsert) }
      await send({ ...call, headers, idempotent: upsert }, options)
    },

    async signedUrl(name, { expiresInSeconds, download, ...options }) {
      const body = JSON.stringify({ expiresIn: expiresInSeconds })
      const reply = await linked(jsonCall('POST', object(name, '/sign'), body), options)
      return absolute(readReply(signedDownload, reply).signedURL, download)
    },

    async signedUrls(names, { expiresInSeconds, download, ...options }) {
      const body = JSON.stringify({ expiresIn: expiresInSeconds, paths: names })
      const reply = await linked(jsonCall('POST', path`/storage/v1/object/sign/${bucket}`, body), options)
      return readReply(signedDownloads, reply).map(link => ({
        name: link.path,
        url: link.signedURL === null ? null : absolute(link.signedURL, download),
      }))
    },

    async signedUploadUrl(name, { upsert = false, ...options } = {}) {
      const headers = { 'x-upsert': String(upsert) }
      const reply = await linked({ method: 'POST', path: object(name, '/upload/sign'), headers }, options)
      const { url, token } = readReply(signedUpload, reply)
      return { url: absolute(url, undefined), token }
    },

    async uploadToSignedUrl(name, token, file, { onProgress, signal, timeoutMs, ...details } = {}) {
      await send(
        {
          method: 'PUT',
          path: object(name, '/upload/sign'),
          query: { token },
          headers: headersOf(details),
          upload: { file, contentType: typeOf(file, details), onProgress },
        },
        { signal, timeoutMs },
      )
    },

    publicUrl: (name, { download } = {}) => absolute(object(name, '/public').slice(root.length), download),
  }
}

/** @throws TypeError for a name with a part that a URL would swallow. */
function namePath(name: string): string {
  const parts = name.split('/')
  if (name === '' || parts.includes('.') || parts.includes('..'))
    throw new TypeError(`The name of an object is expected, got "${name}".`)
  return parts.map(encodeURIComponent).join('/')
}

function headersOf({ cacheSeconds, metadata }: FileDetails): Record<string, string> {
  return {
    ...(cacheSeconds === undefined ? {} : { 'cache-control': `max-age=${cacheSeconds}` }),
    ...(metadata === undefined ? {} : { 'x-metadata': base64(JSON.stringify(metadata)) }),
  }
}

function typeOf(file: UploadSource, { contentType }: { contentType?: string | undefined }): string {
  if (contentType) return contentType
  return (file instanceof Blob && file.type) || 'application/octet-stream'
}
