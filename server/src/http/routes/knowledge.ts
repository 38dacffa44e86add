import {
  collection,
  collectionList,
  createCollection,
  listCollections,
  searchKnowledge,
  searchResult,
  updateCollection,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { withoutUndefined } from '../../kit/without-undefined.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { keepAnswer } from '../idempotency.ts'
import { collectionBody } from '../knowledge-wire.ts'
import { decodeCursor, idParams, pageOf, uuidCursor } from '../wire.ts'
import { knowledgeDocumentRoutes } from './knowledge-documents.ts'

const tags = ['Knowledge']
const changing = { scopes: ['agents'] } as const
const reading = { scopes: ['read', 'agents'] } as const

/** Collections of documents, and what is found in them. */
export async function knowledgeRoutes(scope: FastifyInstance, dependencies: HttpDependencies): Promise<void> {
  const { collections, search } = dependencies.knowledge
  const app = scope.withTypeProvider<ZodTypeProvider>()
  await scope.register(knowledgeDocumentRoutes, dependencies)

  app.post(
    '/api/v1/knowledge',
    {
      config: changing,
      schema: { tags, summary: 'Create a collection', body: createCollection, response: { 201: collection } },
    },
    async (request, reply) => {
      const keep = keepAnswer(request, reply.code(201), collectionBody)
      return collectionBody(await collections.create(callerOf(request), request.body, keep))
    },
  )

  app.get(
    '/api/v1/knowledge',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the collections that the caller may see, newest first',
        querystring: listCollections,
        response: { 200: collectionList },
      },
    },
    async request => {
      const { limit, cursor } = request.query
      const beforeId = decodeCursor(cursor, uuidCursor)
      const rows = await collections.list(callerOf(request), { beforeId, limit })
      return pageOf(rows, limit, collectionBody, row => row.id)
    },
  )

  app.get(
    '/api/v1/knowledge/:id',
    {
      config: reading,
      schema: { tags, summary: 'One collection', params: idParams, response: { 200: collection } },
    },
    async request => collectionBody(await collections.get(callerOf(request), request.params.id)),
  )

  app.patch(
    '/api/v1/knowledge/:id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Describe or share a collection, or index it otherwise',
        description:
          'A change of `embedding_model`, `chunk_size`, `chunk_overlap` or `language` indexes every document anew; until then what was found before is found.',
        params: idParams,
        body: updateCollection,
        response: { 200: collection },
      },
    },
    async request =>
      collectionBody(
        await collections.update(callerOf(request), request.params.id, withoutUndefined(request.body)),
      ),
  )

  app.delete(
    '/api/v1/knowledge/:id',
    {
      // A thousand documents take some seconds.
      config: { ...changing, ownDeadline: true },
      schema: {
        tags,
        summary: 'Remove a collection, its documents and their files',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await collections.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/knowledge/:id/search',
    {
      // A model may have to be asked first.
      config: { ...reading, ownDeadline: true },
      schema: {
        tags,
        summary: 'Find passages by words and by meaning',
        params: idParams,
        body: searchKnowledge,
        response: { 200: searchResult },
      },
    },
    async (request, reply) => {
      const order = {
        ...request.body,
        signal: AbortSignal.any([goneSignal(reply), AbortSignal.timeout(searchMs)]),
      }
      const { passages, warning } = await search(callerOf(request), { id: request.params.id }, order)
      return { data: passages.map(passage => ({ ...passage, headings: [...passage.headings] })), warning }
    },
  )
}

const searchMs = 30_000
