import { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Upload } from '../../files/resumable/resumable.ts'
import type { Writer } from '../../files/resumable/target.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { refuseEncoding } from '../receive-object.ts'
import { readCount, readUploadLength, readUploadMetadata, tusExtensions, tusVersion } from '../tus.ts'

/** The body ends after five minutes at the latest; then a large object is put together. */
const appendTimeoutMs = 900_000
const uploadId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Resumable uploads by TUS 1.0.0: for callers, and below `sign` for holders of an upload token. */
export async function storageResumableRoutes(
  scope: FastifyInstance,
  dependencies: HttpDependencies,
): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/offset+octet-stream', (_request, payload, done) =>
    done(null, payload),
  )
  scope.addHook('onRequest', (request, reply, done) => {
    reply.header('tus-resumable', tusVersion).header('cache-control', 'no-store')
    const got = request.headers['tus-resumable']
    if (request.method === 'OPTIONS' || got === tusVersion) return done()
    reply.code(412).header('tus-version', tusVersion)
    reply.type('text/plain').send(`Tus-Resumable must be ${tusVersion}, got ${got ?? 'none'}.`)
  })

  addRoutes(scope, dependencies, {
    path: '/storage/v1/upload/resumable',
    config: { scopes: ['files'] },
    writerOf: request => ({ caller: callerOf(request) }),
  })
  addRoutes(scope, dependencies, {
    path: '/storage/v1/upload/resumable/sign',
    config: { access: 'public' },
    writerOf: tokenHolder,
  })
}

type Door = {
  path: string
  config: { access?: 'public'; scopes?: readonly 'files'[] }
  writerOf(request: FastifyRequest): Writer
}

function addRoutes(scope: FastifyInstance, { files, maxFileBytes }: HttpDependencies, door: Door): void {
  const { path, config, writerOf } = door
  const { resumable } = files
  const one = `${path}/:id`
  const schema = (summary: string) => ({ tags: ['Files'], summary })
  const long = { config, handlerTimeout: appendTimeoutMs }

  const options = { config: { access: 'public' } as const, schema: { hide: true } }
  for (const url of [path, one]) {
    scope.options(url, options, async (_request, reply) =>
      reply
        .code(204)
        .header('tus-version', tusVersion)
        .header('tus-extension', tusExtensions)
        .header('tus-max-size', maxFileBytes)
        .send(),
    )
  }

  scope.post(path, { ...long, schema: schema('Begin a resumable upload') }, async (request, reply) => {
    const writer = writerOf(request)
    const { headers } = request
    refuseEncoding(headers['content-encoding'])
    let upload = await resumable.create(writer, {
      ...readUploadMetadata(text(headers['upload-metadata'])),
      totalBytes: readUploadLength(text(headers['upload-length']), text(headers['upload-defer-length'])),
      upsert: headers['x-upsert'] === 'true',
    })
    reply.header('location', `${path}/${upload.id}`)
    if (request.body instanceof Readable) {
      const { body: source } = request
      const sizeBytes = announcedBytes(request)
      upload = await resumable.append(writer, upload.id, { startByte: 0, source, sizeBytes })
    }
    return tell(reply, upload).code(201).send()
  })

  async function tellProgress(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const upload = await resumable.find(writerOf(request), idOf(request))
    if (upload.totalBytes === null) reply.header('upload-defer-length', '1')
    else reply.header('upload-length', upload.totalBytes)
    return tell(reply, upload).code(200).send()
  }

  async function goOn(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { headers, body } = request
    refuseEncoding(headers['content-encoding'])
    const totalBytes = text(headers['upload-length'])
    const upload = await resumable.append(writerOf(request), idOf(request), {
      startByte: readCount('Upload-Offset', text(headers['upload-offset'])),
      source: body instanceof Readable ? body : Readable.from([]),
      sizeBytes: announcedBytes(request),
      totalBytes: totalBytes === undefined ? undefined : readCount('Upload-Length', totalBytes),
    })
    return tell(reply, upload).code(204).send()
  }

  async function giveUp(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    await resumable.cancel(writerOf(request), idOf(request))
    return reply.code(204).send()
  }

  scope.head(one, { ...long, schema: schema('How far a resumable upload is') }, tellProgress)
  scope.patch(one, { ...long, schema: schema('Go on with a resumable upload') }, goOn)
  scope.delete(one, { config, schema: schema('Give up a resumable upload') }, giveUp)

  // For clients whose way through allows no other method (TUS 1.0.0, X-HTTP-Method-Override).
  const byOverride = { HEAD: tellProgress, PATCH: goOn, DELETE: giveUp }
  scope.post(one, { ...long, schema: { hide: true } }, async (request, reply) => {
    const method = text(request.headers['x-http-method-override'])?.toUpperCase()
    if (method === 'HEAD' || method === 'PATCH' || method === 'DELETE')
      return byOverride[method](request, reply)
    reply.header('allow', Object.keys(byOverride).join(', '))
    throw new Problem('method-not-allowed', 'POST is possible here only with X-HTTP-Method-Override: PATCH.')
  })
}

function tell(reply: FastifyReply, upload: Upload): FastifyReply {
  return reply
    .header('upload-offset', upload.receivedBytes)
    .header('upload-expires', upload.expiresAt.toUTCString())
}

function tokenHolder(request: FastifyRequest): Writer {
  const token = text(request.headers['x-signature'])
  if (token) return { token }
  throw new Problem('unauthenticated', 'Send the token of the signed upload as x-signature.')
}

function idOf({ params }: FastifyRequest): string {
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : undefined
  if (typeof id === 'string' && uploadId.test(id)) return id
  throw new Problem('resource-not-found', 'There is no such upload, or it has expired. Begin a new one.')
}

function announcedBytes({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}
