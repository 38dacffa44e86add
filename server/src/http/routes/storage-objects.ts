import multipart from '@fastify/multipart'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { createDownloads } from '../downloads.ts'
import { receiveObject } from '../receive-object.ts'
import { type Source, serveObject } from '../serve-object.ts'
import { placeOf } from '../storage-paths.ts'
import { infoBody } from '../storage-wire.ts'

const tags = ['Files']
const longMetadataBytes = 1024 * 1024

/** The bytes of objects, in the wire format of Supabase Storage: they are streamed, and end when they end. */
export async function storageObjectRoutes(
  scope: FastifyInstance,
  { files, maxFileBytes, clock }: HttpDependencies,
): Promise<void> {
  const { objects, links } = files
  // Text and JSON are bytes here too. What is not read is not taken for a body.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
  await scope.register(multipart, {
    // The store counts and refuses by itself; this limit is one byte further, so that a cut is never taken for the end.
    limits: { fileSize: maxFileBytes + 1, files: 1, fields: 10, fieldSize: longMetadataBytes, parts: 11 },
  })
  const reading = { ownDeadline: true, scopes: ['files', 'read'] } as const
  const writing = { ownDeadline: true, scopes: ['files'] } as const

  async function upload(
    request: FastifyRequest,
    reply: FastifyReply,
    upsert: boolean,
  ): Promise<FastifyReply> {
    const caller = callerOf(request)
    const place = { ...placeOf(request), upsert }
    const object = await receiveObject(request, place, {
      authorize: sizeBytes => objects.authorizeWrite(caller, place.bucket, place.name, { upsert, sizeBytes }),
      put: given => objects.put(caller, given),
    })
    return reply.send({ Id: object.id, Key: `${object.bucket_id}/${object.name}` })
  }

  scope.post(
    '/storage/v1/object/:bucket/*',
    {
      config: writing,
      schema: {
        tags,
        summary: 'Store an object',
        description: 'The body is the file, or a form with one. `x-upsert: true` replaces.',
      },
    },
    (request, reply) => upload(request, reply, wantsUpsert(request)),
  )
  scope.put(
    '/storage/v1/object/:bucket/*',
    { config: writing, schema: { tags, summary: 'Store or replace an object' } },
    (request, reply) => upload(request, reply, true),
  )

  scope.put(
    '/storage/v1/object/upload/sign/:bucket/*',
    {
      config: { ownDeadline: true, access: 'public' },
      schema: { tags, summary: 'Store an object by a signed link' },
    },
    async (request, reply) => {
      const { bucket, name } = placeOf(request)
      const { owner, upsert } = links.verify(tokenOf(request), 'upload', bucket, name)
      const object = await receiveObject(
        request,
        { bucket, name, upsert },
        {
          authorize: sizeBytes => objects.authorizeFor(owner, bucket, name, { upsert, sizeBytes }),
          put: given => objects.putFor(owner, given),
        },
      )
      return reply.send({ Key: `${object.bucket_id}/${object.name}` })
    },
  )

  const { begin } = createDownloads({ clock })
  const bytes = { pieces: objects.pieces, link: objects.link, begin }
  const mine = (request: FastifyRequest): Source => {
    const { bucket, name } = placeOf(request)
    return { find: () => objects.info(callerOf(request), bucket, name), ...bytes }
  }
  const ofEveryone = (request: FastifyRequest): Source => {
    const { bucket, name } = placeOf(request)
    return { find: () => objects.publicInfo(bucket, name), ...bytes }
  }
  const linked = (request: FastifyRequest): Source => {
    const { bucket, name } = placeOf(request)
    const { expiresAt, version } = links.verify(tokenOf(request), 'download', bucket, name)
    return { find: () => objects.infoFor(bucket, name, version), ...bytes, expiresAt }
  }
  const anyone = { ...reading, access: 'anyone', strangersAreAnonymous: true } as const
  const open = { ownDeadline: true, access: 'public' } as const

  readable('/storage/v1/object/:bucket/*', anyone, 'An object that the caller may read', mine)
  readable('/storage/v1/object/authenticated/:bucket/*', reading, 'The same, with a credential', mine)
  readable('/storage/v1/object/public/:bucket/*', open, 'An object of a public bucket', ofEveryone)
  readable('/storage/v1/object/sign/:bucket/*', open, 'An object by a signed link', linked)

  information('/storage/v1/object/info/:bucket/*', anyone, mine)
  information('/storage/v1/object/info/authenticated/:bucket/*', reading, mine)
  information('/storage/v1/object/info/public/:bucket/*', open, ofEveryone)

  scope.delete(
    '/storage/v1/object/:bucket/*',
    { config: { scopes: ['files'] }, schema: { tags, summary: 'Remove an object' } },
    async request => {
      const { bucket, name } = placeOf(request)
      await objects.remove(callerOf(request), bucket, name)
      return { message: 'Successfully deleted' }
    },
  )

  /** HEAD has a route of its own: the one made by itself would read the bytes and throw them away. */
  function readable(
    url: string,
    config: FastifyContextConfig,
    summary: string,
    sourceOf: (request: FastifyRequest) => Source,
  ): void {
    const serve = (request: FastifyRequest, reply: FastifyReply) =>
      serveObject(request, reply, sourceOf(request))
    scope.get(url, { config, exposeHeadRoute: false, schema: { tags, summary } }, serve)
    scope.head(url, { config, schema: { hide: true } }, serve)
  }

  function information(
    url: string,
    config: FastifyContextConfig,
    sourceOf: (request: FastifyRequest) => Source,
  ): void {
    scope.get(url, { config, schema: { tags, summary: 'What is known of an object' } }, async request =>
      infoBody((await sourceOf(request).find()).object),
    )
  }
}

export function wantsUpsert({ headers }: FastifyRequest): boolean {
  return headers['x-upsert'] === 'true'
}

function tokenOf({ query }: FastifyRequest): string {
  const token = query !== null && typeof query === 'object' && 'token' in query ? query.token : undefined
  return typeof token === 'string' ? token : ''
}
