import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'

/** What goes wrong with one request. */
export type Fault =
  | { status: number }
  /** The connection is cut after so many bytes of the body. */
  | { cutAfter: number }
  /** The answer ends in good order after so many bytes. */
  | { endAfter: number }
  /** Says nothing until `release` is called. */
  | { held: Promise<void> }

export type StorageStandIn = {
  /** For `endpoint` of an S3 place. */
  readonly url: string
  /** By `bucket/path`. */
  readonly objects: Map<string, Uint8Array>
  /** `GET bytes=100-`, `HEAD`, in order. */
  readonly requests: string[]
  /** For the next requests, one each; undefined is none. */
  readonly faults: (Fault | undefined)[]
  /** For every request that has none of its own. */
  always: Fault | undefined
}

/**
 * Answers HEAD and GET as S3 does, with ETag, If-Match and ranges, and goes wrong on command. It wants a signature and
 * does not check it.
 */
export async function storageStandIn(scope: Scope): Promise<StorageStandIn> {
  const { url } = await httpServer(scope, (request, response) => void answer(request, response))
  const storage: StorageStandIn = {
    url,
    objects: new Map(),
    requests: [],
    faults: [],
    always: undefined,
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request
    storage.requests.push([method, headers.range].filter(Boolean).join(' '))
    const fault = storage.faults.shift() ?? storage.always
    if (fault && 'held' in fault) await fault.held
    if (fault && 'status' in fault) return void response.writeHead(fault.status).end()
    if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return void response.writeHead(403).end()
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://storage').pathname).slice(1)
    const bytes = storage.objects.get(name)
    if (!bytes) return void response.writeHead(404).end()
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag)
      return void response.writeHead(412).end()
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const body = bytes.subarray(start)
    const sent = fault && 'endAfter' in fault ? body.subarray(0, fault.endAfter) : body
    response.writeHead(headers.range === undefined ? 200 : 206, { etag, 'content-length': sent.byteLength })
    if (method === 'HEAD') return void response.end()
    if (!fault || !('cutAfter' in fault)) return void response.end(sent)
    response.write(sent.subarray(0, fault.cutAfter), () => response.socket?.resetAndDestroy())
  }

  return storage
}
