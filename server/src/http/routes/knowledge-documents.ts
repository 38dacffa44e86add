import { Readable } from 'node:stream'
import multipart, { type MultipartFile } from '@fastify/multipart'
import {
  documentList,
  documentName,
  documentSource,
  knowledgeDocument,
  listDocuments,
  Problem,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { mostDocumentBytes } from '../../knowledge/collection.ts'
import type { NewDocument } from '../../knowledge/documents.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { documentBody } from '../knowledge-wire.ts'
import { decodeCursor, idParams, pageOf, uuidCursor } from '../wire.ts'

const tags = ['Knowledge']
const changing = { scopes: ['agents'] } as const
const reading = { scopes: ['read', 'agents'] } as const
const params = idParams.extend({ document: z.uuid({ error: 'The id of a document must be a UUID.' }) })
/** Text in JSON, which is read here and not in a thread. What is larger is sent as a file. */
const bodyLimit = 8 * 1024 * 1024
/** What a form adds around the file. */
const formBytes = 64 * 1024
const consumes = ['multipart/form-data', 'application/json']
const description =
  'The body is a form with the file in the field `file` and, before it, its `name` if that is another one; or JSON: `{"name", "text"}`, or `{"bucket", "path"}` of an object that the caller may read. A job indexes it.'

/** Documents of a collection: stored as they come, indexed behind the answer. */
export async function knowledgeDocumentRoutes(
  scope: FastifyInstance,
  { knowledge: { documents } }: Pick<HttpDependencies, 'knowledge'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  await scope.register(multipart, {
    // The store counts and refuses by itself; this limit is one byte further, so that a cut is never taken for the end.
    limits: { fileSize: mostDocumentBytes + 1, files: 1, fields: 10, fieldSize: 4096, parts: 11 },
  })

  /** Gives the source up when `work` does not take it: the client, which is still sending, would not read the answer. */
  async function withDocument<Result>(
    request: FastifyRequest,
    work: (document: NewDocument) => Promise<Result>,
  ): Promise<Result> {
    const document = request.isMultipart()
      ? await fromForm(request)
      : await fromJson(documents.fromObject, request)
    try {
      return await work(document)
    } catch (error) {
      document.source.resume()
      throw error
    }
  }

  app.post(
    '/api/v1/knowledge/:id/documents',
    {
      bodyLimit,
      config: { ...changing, ownDeadline: true },
      schema: {
        tags,
        summary: 'Add a document',
        description,
        consumes,
        params: idParams,
        response: { 201: knowledgeDocument },
      },
    },
    (request, reply) =>
      withDocument(request, async document => {
        const keep = keepAnswer(request, reply.code(201), documentBody)
        return documentBody(await documents.add(callerOf(request), request.params.id, document, keep))
      }),
  )

  app.get(
    '/api/v1/knowledge/:id/documents',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the documents of a collection, newest first',
        params: idParams,
        querystring: listDocuments,
        response: { 200: documentList },
      },
    },
    async request => {
      const { limit, cursor, status } = request.query
      const beforeId = decodeCursor(cursor, uuidCursor)
      const rows = await documents.list(callerOf(request), request.params.id, { beforeId, limit, status })
      return pageOf(rows, limit, documentBody, row => row.id)
    },
  )

  app.get(
    '/api/v1/knowledge/:id/documents/:document',
    {
      config: reading,
      schema: {
        tags,
        summary: 'One document, and whether it is found',
        params,
        response: { 200: knowledgeDocument },
      },
    },
    async request => {
      const { id, document } = request.params
      return documentBody(await documents.get(callerOf(request), id, document))
    },
  )

  app.put(
    '/api/v1/knowledge/:id/documents/:document',
    {
      bodyLimit,
      config: { ...changing, ownDeadline: true },
      schema: {
        tags,
        summary: 'Replace a document',
        description: `${description} Until then the old one is found.`,
        consumes,
        params,
        response: { 200: knowledgeDocument },
      },
    },
    request =>
      withDocument(request, async given => {
        const { id, document } = request.params
        return documentBody(await documents.replace(callerOf(request), id, document, given))
      }),
  )

  app.delete(
    '/api/v1/knowledge/:id/documents/:document',
    {
      config: changing,
      schema: { tags, summary: 'Remove a document and its file', params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { id, document } = request.params
      await documents.remove(callerOf(request), id, document)
      return reply.code(204).send(null)
    },
  )
}

async function fromForm(request: FastifyRequest): Promise<NewDocument> {
  const announced = Number(request.headers['content-length'] ?? 0)
  const parts = request.parts()
  let name: string | undefined
  const next = async (): Promise<MultipartFile | undefined> => {
    for (;;) {
      const { value: part, done } = await parts.next()
      if (done) return undefined
      if (part.type === 'file') return part
      if (part.fieldname === 'name' && typeof part.value === 'string') name = part.value
    }
  }
  const file = await next()
  if (!file) throw new Problem('invalid-request', 'The form has no file. Send it in the field "file".')
  return {
    name: nameOf(name ?? file.filename),
    contentType: file.mimetype,
    source: file.file,
    sizeBytes: Math.max(0, announced - formBytes),
    async finish() {
      // A second one is refused by the reader of forms.
      await next()
    },
  }
}

async function fromJson(
  open: (caller: ReturnType<typeof callerOf>, bucket: string, path: string) => Promise<NewDocument>,
  request: FastifyRequest,
): Promise<NewDocument> {
  const read = documentSource.safeParse(request.body)
  if (!read.success)
    throw new Problem(
      'invalid-request',
      'Send a form with a file, {"name": ..., "text": ...} or {"bucket": ..., "path": ...}.',
    )
  const { data } = read
  if ('bucket' in data) {
    const document = await open(callerOf(request), data.bucket, data.path)
    return { ...document, name: data.name ?? document.name }
  }
  return {
    name: data.name,
    contentType: 'text/plain',
    source: Readable.from([Buffer.from(data.text)]),
  }
}

/** @throws Problem `invalid-request`. */
function nameOf(name: string): string {
  const read = documentName.safeParse(name)
  if (read.success) return read.data
  throw new Problem('invalid-request', 'name: 1 to 255 characters, without U+0000.')
}
