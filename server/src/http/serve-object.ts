import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { essenceOf } from '../files/media-types.ts'
import type { Found } from '../files/objects.ts'
import type { StoredObject } from '../files/store.ts'
import { asPrivate } from './cache-control.ts'
import { type LinkTo, redirectOf } from './object-redirect.ts'
import { pour } from './pour.ts'
import { isMeant, isSame, isUnchanged, type Range, rangeOf } from './ranges.ts'

/**
 * What a browser may show by itself: none of them runs anything. All else, and what is not known, is a download. Whatever
 * ends in `+xml` is a page to browsers.
 */
const shown =
  /^(?!.*\+xml$)(image\/(?!svg)[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+|font\/[\w.+-]+|text\/(plain|csv|markdown)|application\/json)$/

export type Source = {
  find: () => Promise<Found>
  pieces: (object: StoredObject, range?: Range) => Promise<AsyncGenerator<Uint8Array, void>>
  link: LinkTo
  /** Counts and watches who reads from here. @throws Problem `rate-limited` */
  begin: (request: FastifyRequest, reply: FastifyReply) => void
  /** When the link ends by which it is read. */
  expiresAt?: Date
}

/**
 * Answers with the bytes of an object, or a part of them, or that they are unchanged, so that nothing stored can run in
 * our origin; or sends the reader of a large one to the storage, with the same type and disposition there. When the
 * object is replaced between finding and reading it, the new one is served.
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
    if (again.object.version !== found.object.version) return answer(request, reply, source, again)
    reply.header('cache-control', 'no-store')
    throw error
  }
}

/** No header is about the object before its bytes are there: a refusal must not carry them. */
async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { pieces, link, begin, expiresAt }: Source,
  { object, bucket }: Found,
): Promise<FastifyReply> {
  const { headers, method } = request
  const validators = { etag: `"${object.sha256}"`, modifiedMs: object.updated_at.getTime() }
  const cacheControl = bucket.public ? object.cache_control : asPrivate(object.cache_control)
  const about = {
    etag: validators.etag,
    'last-modified': object.updated_at.toUTCString(),
    'accept-ranges': 'bytes',
    'x-robots-tag': 'none',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    ...(expiresAt ? { expires: expiresAt.toUTCString() } : { 'cache-control': cacheControl }),
  }
  if (!isMeant(headers, validators))
    throw new Problem('precondition-failed', 'The object has changed: it is not the one you name.')
  if (isUnchanged(headers, validators)) return reply.code(304).headers(about).send()

  const size = object.size_bytes
  const ifRange = one(headers['if-range'])
  const goesOn = isSame(ifRange, validators)
  const range = method === 'GET' && goesOn ? rangeOf(headers.range, size) : 'all'
  if (range === 'none') {
    reply.header('content-range', `bytes */${size}`)
    throw new Problem('range-not-satisfiable', `The object has ${size} bytes; the range begins behind them.`)
  }
  const essence = essenceOf(object.content_type) ?? ''
  const contentType = servedType(object.content_type, essence)
  const disposition = dispositionOf(request, essence)
  // Who has the first part from us has our entity tag: the storage would begin anew.
  if (ifRange === undefined || !goesOn) {
    const url = await redirectOf(request, object, link, {
      contentType,
      disposition,
      cacheControl: expiresAt ? 'private, no-store' : cacheControl,
      expiresAt,
    })
    if (url)
      return reply.code(302).headers({ location: url.href, 'cache-control': 'private, no-store' }).send()
  }
  const hasBytes = method === 'GET' && size > 0
  if (hasBytes) begin(request, reply)
  const bytes = hasBytes ? await (range === 'all' ? pieces(object) : pieces(object, range)) : undefined
  reply.headers(about).type(contentType)
  if (disposition !== undefined) reply.header('content-disposition', disposition)
  if (range === 'all') reply.header('content-length', size)
  else
    reply
      .code(206)
      .header('content-length', range.end - range.start + 1)
      .header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  return bytes ? pour(reply, bytes) : reply.send(method === 'HEAD' ? undefined : Buffer.alloc(0))
}

/** Browsers take what follows a comma in the parameters for another type, and the last one counts. */
function servedType(contentType: string, essence: string): string {
  if (essence === 'text/html') return 'text/plain'
  return contentType.includes(',') ? essence : contentType
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
