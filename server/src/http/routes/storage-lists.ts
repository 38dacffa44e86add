import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { metadataHeader } from '../receive-object.ts'
import { entryBody, objectBody } from '../storage-wire.ts'
import { wantsUpsert } from './storage-objects.ts'

const tags = ['Files']
const bucketParams = z.object({ bucket: z.string() })
/** Goes into comparisons of PostgreSQL, which has no NUL in a text. */
const text = z
  .string()
  .max(1100)
  .refine(value => !value.includes('\0'), { error: 'holds a NUL' })
const order = z.enum(['asc', 'desc']).default('asc')
const listBody = z.object({
  prefix: text,
  limit: z.int().min(1).max(10_000).default(100),
  offset: z.int().min(0).default(0),
  search: text.default(''),
  sortBy: z
    .object({
      column: z.enum(['name', 'updated_at', 'created_at', 'last_accessed_at']).default('name'),
      order,
    })
    .prefault({}),
})
const pageBody = z.object({
  prefix: text.default(''),
  limit: z.int().min(1).default(1000),
  cursor: z.string().max(4096).optional(),
  with_delimiter: z.boolean().default(false),
  sortBy: z
    .object({ column: z.enum(['name', 'updated_at', 'created_at']).default('name'), order })
    .prefault({}),
})
const longestPage = 1000
const placeBody = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().optional(),
})
const copyBody = placeBody.extend({
  copyMetadata: z.boolean().default(true),
  metadata: z.object({ cacheControl: z.string().optional(), mimetype: z.string().optional() }).optional(),
})
const removeBody = z.object({ prefixes: z.array(z.string()).min(1).max(1000) })
/** A large object is copied byte by byte. */
const copyTimeoutMs = 300_000

/** Lists of objects, and what is done to them by JSON, in the wire format of Supabase Storage. */
export async function storageListRoutes(scope: FastifyInstance, { files }: HttpDependencies): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { objects, listing } = files
  const reading = { scopes: ['files', 'read'] } as const
  const changing = { scopes: ['files'] } as const

  app.post(
    '/storage/v1/object/list/:bucket',
    {
      config: reading,
      schema: { tags, summary: 'What lies in a folder', params: bucketParams, body: listBody },
    },
    async request => {
      const { prefix, limit, offset, search, sortBy } = request.body
      const entries = await listing.folder(callerOf(request), request.params.bucket, {
        prefix,
        limit,
        offset,
        search,
        column: sortBy.column === 'last_accessed_at' ? 'updated_at' : sortBy.column,
        order: sortBy.order,
      })
      const folder = prefix === '' ? 0 : prefix.replace(/\/$/, '').length + 1
      return entries.map(entry => {
        const name = entry.name.slice(folder)
        return entryBody(entry.object ? name : name.slice(0, -1), entry)
      })
    },
  )

  app.post(
    '/storage/v1/object/list-v2/:bucket',
    {
      config: reading,
      schema: {
        tags,
        summary: 'A page of everything below a prefix',
        params: bucketParams,
        body: pageBody,
      },
    },
    async request => {
      const { prefix, limit, cursor, with_delimiter, sortBy } = request.body
      const { entries, nextCursor } = await listing.page(callerOf(request), request.params.bucket, {
        prefix,
        folders: with_delimiter,
        cursor,
        limit: Math.min(limit, longestPage),
        ...sortBy,
      })
      const named = entries.map(entry => ({ key: entry.name, ...entryBody(entry.name, entry) }))
      return {
        hasNext: nextCursor !== null,
        ...(nextCursor === null ? {} : { nextCursor, nextCursorKey: entries.at(-1)?.name }),
        folders: named.filter(entry => entry.id === null).map(({ key, name }) => ({ key, name })),
        objects: named.filter(entry => entry.id !== null),
      }
    },
  )

  app.post(
    '/storage/v1/object/move',
    { config: changing, schema: { tags, summary: 'Move an object', body: placeBody } },
    async request => {
      const { bucketId, sourceKey, destinationKey, destinationBucket = bucketId } = request.body
      const object = await objects.move(callerOf(request), {
        bucket: bucketId,
        name: sourceKey,
        toBucket: destinationBucket,
        toName: destinationKey,
      })
      return { message: 'Successfully moved', Id: object.id, Key: `${object.bucket_id}/${object.name}` }
    },
  )

  app.post(
    '/storage/v1/object/copy',
    {
      config: changing,
      handlerTimeout: copyTimeoutMs,
      schema: { tags, summary: 'Copy an object', body: copyBody },
    },
    async request => {
      const { bucketId, sourceKey, destinationKey, destinationBucket = bucketId } = request.body
      const { copyMetadata, metadata } = request.body
      const object = await objects.copy(callerOf(request), {
        bucket: bucketId,
        name: sourceKey,
        toBucket: destinationBucket,
        toName: destinationKey,
        upsert: wantsUpsert(request),
        ...(copyMetadata
          ? {}
          : {
              details: {
                userMetadata: metadataHeader(request),
                cacheControl: metadata?.cacheControl,
                contentType: metadata?.mimetype,
              },
            }),
      })
      return { Id: object.id, Key: `${object.bucket_id}/${object.name}`, ...objectBody(object) }
    },
  )

  app.delete(
    '/storage/v1/object/:bucket',
    {
      config: changing,
      schema: { tags, summary: 'Remove objects', params: bucketParams, body: removeBody },
    },
    async request => {
      const { bucket } = request.params
      const removed = await objects.removeMany(callerOf(request), bucket, request.body.prefixes)
      return removed.map(objectBody)
    },
  )
}
