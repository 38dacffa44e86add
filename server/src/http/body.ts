import { promisify } from 'node:util'
import { constants, gunzip, gzip, inflate } from 'node:zlib'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'

const gunzipAsync = promisify(gunzip)
const inflateAsync = promisify(inflate)
const gzipAsync = promisify(gzip)

/** Below this a compressed answer is hardly smaller. */
const compressFromBytes = 1024

/** In this scope bodies of any content type arrive as bytes, at most `maxBytes`, whatever Content-Length says. */
export function readBodiesAsBytes(scope: FastifyInstance, maxBytes: number): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
    done(null, body),
  )
}

/** For routes whose body the tensor codec reads, which knows the model's datatypes: its schema is documentation. */
export const exceptBody: FastifySchemaCompiler<unknown> = route =>
  route.httpPart === 'body'
    ? value => ({ value })
    : validatorCompiler(route as Parameters<typeof validatorCompiler>[0])

const empty = new Uint8Array(0)

/**
 * The body, decompressed, at most `maxBytes` after it.
 * @throws Problem `unsupported-encoding`, `payload-too-large`, `invalid-request`.
 */
export function bytesOf(
  request: FastifyRequest,
  reply: FastifyReply,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  const body = request.body instanceof Uint8Array ? request.body : empty
  const encoding = request.headers['content-encoding']?.trim().toLowerCase()
  if (encoding === undefined || encoding === 'identity') return body
  return decompress(body, encoding, maxBytes, reply)
}

async function decompress(
  body: Uint8Array,
  encoding: string,
  maxBytes: number,
  reply: FastifyReply,
): Promise<Uint8Array> {
  if (encoding !== 'gzip' && encoding !== 'x-gzip' && encoding !== 'deflate') {
    reply.header('accept-encoding', 'gzip, deflate')
    throw new Problem(
      'unsupported-encoding',
      `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))} is not understood. Send gzip, deflate or none.`,
    )
  }
  try {
    // The cap stops a bomb while it unfolds: 512 MB out of 0.5 MB were cut off after 126 ms.
    return await (encoding === 'deflate' ? inflateAsync : gunzipAsync)(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if (error instanceof RangeError)
      throw new Problem('payload-too-large', `The body is larger than ${maxBytes} bytes once decompressed.`)
    throw new Problem('invalid-request', `The body is not valid ${encoding}.`, { cause: error })
  }
}

/** Compressed when the client asks for gzip and it is worth it. Level 1: tensors hardly get smaller at more. */
export async function compressed(
  request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array | string,
): Promise<Uint8Array | string> {
  if (
    body.length < compressFromBytes ||
    !/\bgzip\b(?!\s*;\s*q=0(\.0+)?\s*(,|$))/i.test(request.headers['accept-encoding'] ?? '')
  )
    return body
  reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding')
  return gzipAsync(body, { level: constants.Z_BEST_SPEED })
}
