import type { Readable } from 'node:stream'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { essenceOf } from '../files/media-types.ts'
import type { Found } from '../files/objects.ts'
import type { StoredObject } from '../files/store.ts'
import { isSame, isUnchanged, type Range, rangeOf } from './ranges.ts'

/** What a browser may show by itself: none of them runs anything. All else, and what is not known, is a download. */
const shown =
  /^(image\/(?!svg)[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+|font\/[\w.+-]+|text\/(plain|csv|markdown)|application\/json)$/

const ofOneObject = /^(etag|last-modified|expires|content-(?!security))/
/** A reader that takes nothing for so long is gone: it would hold the file open. */
const idleReaderMs = 300_000

export type Source = {
  find: () => Promise<Found>
  read: (object: StoredObject, range?: Range) => Promise<Readable>
  /** When the link ends by which it is read. */
  expiresAt?: Date
}

/**
 * Answers with the bytes of an object, or a part of them, or that they are unchanged, so that nothing stored can run in
 * our origin. When the object is replaced between finding and reading it, the new one is served.
 */
export async function serveObject(
  request: FastifyRequest,
  reply: FastifyReply,
  source: Source,
): Promise<FastifyReply> {
  const found = await source.find()
  try {
    return await answer(request, reply, source, found)
  } catch (error) {
    if (!isProblem(error) || error.code !== 'object-bytes-missing') throw error
    const again = await source.find()
    for (const name of Object.keys(reply.getHeaders())) if (ofOneObject.test(name)) reply.removeHeader(name)
    reply.code(200).header('cache-control', 'no-store')
    if (again.object.version === found.object.version) throw error
    return answer(request, reply, source, again)
  }
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { read, expiresAt }: Source,
  { object, bucket }: Found,
): Promise<FastifyReply> {
  const { headers } = request
  const validators = { etag: `"${object.sha256}"`, modifiedMs: object.updated_at.getTime() }
  reply.headers({
    etag: validators.etag,
    'last-modified': object.updated_at.toUTCString(),
    'accept-ranges': 'bytes',
    'x-robots-tag': 'none',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    ...(expiresAt
      ? { expires: expiresAt.toUTCString() }
      : { 'cache-control': bucket.public ? object.cache_control : asPrivate(object.cache_control) }),
  })
  if (isUnchanged(headers, validators)) return reply.code(304).send()

  const size = object.size_bytes
  const range = isSame(one(headers['if-range']), validators) ? rangeOf(headers.range, size) : 'all'
  if (range === 'none') {
    reply.header('content-range', `bytes */${size}`)
    throw new Problem('range-not-satisfiable', `The object has ${size} bytes; the range begins behind them.`)
  }
  const essence = essenceOf(object.content_type) ?? ''
  reply.type(essence === 'text/html' ? 'text/plain' : object.content_type)
  const disposition = dispositionOf(request, essence)
  if (disposition !== undefined) reply.header('content-disposition', disposition)
  if (range === 'all') reply.header('content-length', size)
  else
    reply
      .code(206)
      .header('content-length', range.end - range.start + 1)
      .header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  if (request.method === 'HEAD') return reply.send()
  if (size === 0) return reply.send(Buffer.alloc(0))
  reply.raw.setTimeout(idleReaderMs, () => reply.raw.destroy())
  return reply.send(await (range === 'all' ? read(object) : read(object, range)))
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/** `?download` and `?download=name`; what a browser might run is never shown. Source: RFC 6266. */
function dispositionOf({ query }: FastifyRequest, essence: string): string | undefined {
  const name = query !== null && typeof query === 'object' && 'download' in query ? query.download : undefined
  if (typeof name !== 'string') return shown.test(essence) ? undefined : 'attachment'
  if (name === '') return 'attachment'
  const short = name.slice(0, 255).toWellFormed()
  const encoded = encodeURIComponent(short).replace(/['()*]/g, sign => `%${sign.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${short.replace(/[^\x20-\x7e]|["\\%]/g, '_')}"; filename*=UTF-8''${encoded}`
}

/** No cache between us and the reader may keep what is not for everyone. */
function asPrivate(cacheControl: string): string {
  return /\b(private|no-store)\b/.test(cacheControl) ? cacheControl : `private, ${cacheControl}`
}
