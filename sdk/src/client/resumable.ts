import { isProblem } from '../contract/problem.ts'
import { ConnectionError } from './errors.ts'
import { problemOf, type Reply, unexpected } from './reply.ts'
import { backoffMs, wait } from './retry.ts'
import { openSource, type UploadSource } from './source.ts'
import type { CallOptions, Send } from './transport.ts'
import type { UploadProgress } from './upload.ts'

export type ResumableTarget = {
  /** `Upload-Metadata` of TUS. */
  metadata: Readonly<Record<string, string>>
  upsert: boolean
  /** Of a signed upload; without it the client's own credential counts. */
  token?: string | undefined
}

export type ResumableOptions = CallOptions & {
  /** Bytes of one request; default 6 MiB. What was sent of it when the connection broke is not sent again. */
  chunkBytes?: number
  /** `totalBytes` of a stream is what is known of it so far. */
  onProgress?: (progress: UploadProgress) => void
  /** Of an upload that was begun before, for the same Blob or bytes. It is begun anew when that one has expired. */
  uploadId?: string
  /** Told at the beginning, to keep for `uploadId` of a later call. */
  onUploadId?: (uploadId: string) => void
}

const root = '/storage/v1/upload/resumable'
const defaultChunkBytes = 6 * 1024 * 1024
/** Without one byte more, through however many tries. */
const patienceMs = 300_000
const tus = { 'tus-resumable': '1.0.0' }

/**
 * Uploads by TUS 1.0.0. After a lost connection it asks how far the upload is, and goes on there, for up to five
 * minutes without progress.
 * @throws TypeError when `uploadId` is of an upload of another length.
 */
export async function uploadResumable(
  send: Send,
  target: ResumableTarget,
  from: UploadSource,
  options: ResumableOptions = {},
): Promise<void> {
  const { chunkBytes = defaultChunkBytes, onProgress, onUploadId, signal, timeoutMs } = options
  const base = target.token === undefined ? root : `${root}/sign`
  const own = target.token === undefined ? tus : { ...tus, 'x-signature': target.token }
  const call = { signal, timeoutMs }
  const source = openSource(from, chunkBytes)
  let id: string | undefined
  let offset = 0
  /** Of the upload; undefined while its length is left open. */
  let announcedBytes: number | undefined

  async function begin(): Promise<void> {
    const length = source.totalBytes === undefined ? deferred : { 'upload-length': String(source.totalBytes) }
    const headers = { ...own, ...length, 'upload-metadata': encode(target.metadata) }
    const upsert = { 'x-upsert': String(target.upsert) }
    // One that nobody goes on with costs nothing.
    const reply = await send(
      { method: 'POST', path: base, headers: { ...headers, ...upsert }, idempotent: true },
      call,
    )
    id = reply.headers.get('location')?.split('/').at(-1)
    if (!id) throw unexpected(reply, 'has no Location', undefined)
    offset = 0
    announcedBytes = source.totalBytes
    onUploadId?.(id)
  }

  /** An `uploadId` of something else would be completed with bytes of both. */
  function mustBeOurs(): void {
    const { totalBytes } = source
    if (totalBytes === undefined) return
    if (totalBytes === (announcedBytes ?? totalBytes) && offset <= totalBytes) return
    const found =
      announcedBytes === undefined ? `has ${offset} bytes already` : `is of ${announcedBytes} bytes`
    throw new TypeError(
      `The upload ${id} ${found}, this file has ${totalBytes}. Leave out uploadId to begin anew.`,
    )
  }

  /** Where to go on; a Blob begins anew when its upload is gone. */
  async function ask(): Promise<void> {
    try {
      const reply = await send({ method: 'HEAD', path: `${base}/${id}`, headers: own, maxRetries: 0 }, call)
      offset = offsetOf(reply)
      announcedBytes = lengthOf(reply)
      mustBeOurs()
    } catch (error) {
      if (!isProblem(error) || error.status !== 404 || !source.rewinds) throw error
      await begin()
    }
  }

  async function sendChunk(): Promise<boolean> {
    const { bytes, isLast } = await source.chunkAt(offset)
    const totalBytes = offset + bytes.byteLength
    const length = isLast && announcedBytes === undefined ? { 'upload-length': String(totalBytes) } : {}
    const content = { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }
    const reply = await send(
      {
        method: 'PATCH',
        path: `${base}/${id}`,
        headers: { ...own, ...content, ...length },
        body: bytes,
        maxRetries: 0,
      },
      call,
    )
    offset = offsetOf(reply)
    onProgress?.({ sentBytes: offset, totalBytes: Math.max(source.totalBytes ?? 0, totalBytes) })
    return isLast && offset === totalBytes
  }

  try {
    id = options.uploadId
    if (id === undefined) await begin()
    let isAsked = id !== undefined && options.uploadId === undefined
    let failures = 0
    let progressAt = Date.now()
    let progressOffset = 0
    for (;;) {
      try {
        if (!isAsked) await ask()
        isAsked = true
        if (await sendChunk()) return
      } catch (error) {
        signal?.throwIfAborted()
        if (!mayPass(error) || Date.now() - progressAt > patienceMs) throw error
        isAsked = false
        await wait(backoffMs(failures++, Math.random), signal)
      }
      if (offset === progressOffset) continue
      failures = 0
      progressAt = Date.now()
      progressOffset = offset
    }
  } finally {
    await source.close()
  }
}

const deferred = { 'upload-defer-length': '1' }

/** A lost connection, a server that restarts, or an append of ours that the server has not given up yet. */
function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  return isProblem(error) && (error.retryable || error.code === 'conflict')
}

function offsetOf(reply: Reply): number {
  if (reply.status >= 300) throw problemOf(reply)
  const offset = reply.headers.get('upload-offset')
  if (offset !== null && /^\d+$/.test(offset)) return Number(offset)
  throw unexpected(reply, 'has no Upload-Offset', undefined)
}

function lengthOf(reply: Reply): number | undefined {
  const length = reply.headers.get('upload-length')
  return length === null ? undefined : Number(length)
}

function encode(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(',')
}

/** Of the text's UTF-8. */
export function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))
}
