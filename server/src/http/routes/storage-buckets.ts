import { mediaRange, Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { bucketBody } from '../storage-wire.ts'

const tags = ['Files']
const idParams = z.object({ id: z.string() })
const reading = { scopes: ['files', 'read'] } as const
const changing = { scopes: ['files'] } as const
/** Up to 200,000 objects are removed one thousand at a time. */
const emptyTimeoutMs = 300_000

const units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 } as const
/** Bytes, or text such as `50MB`; a megabyte is a million bytes here. */
const sizeLimit = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,12}(\.\d{1,6})?(gb|mb|kb|b)$/i, { error: 'file_size_limit: a number of bytes, or 50MB' })
    .transform(text => {
      const [, amount, unit] = /^([\d.]+)(gb|mb|kb|b)$/i.exec(text) ?? []
      return Math.floor(Number(amount) * units[unit?.toLowerCase() as keyof typeof units])
    }),
])
const settings = {
  public: z.boolean().optional(),
  open_folders: z.boolean().optional(),
  file_size_limit: sizeLimit.nullish(),
  allowed_mime_types: z.array(mediaRange).max(1000).nullish(),
}
const createBody = z.object({
  name: z.string(),
  id: z.string().optional(),
  type: z.literal('STANDARD').optional(),
  ...settings,
})
const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
  sortColumn: z.enum(['id', 'name', 'created_at', 'updated_at']).default('id'),
  sortOrder: z.enum(['asc', 'desc']).default('asc'),
  search: z
    .string()
    .refine(text => !text.includes('\0'))
    .optional(),
})

/** Buckets, in the wire format of Supabase Storage. */
export async function storageBucketRoutes(
  scope: FastifyInstance,
  { files }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { buckets } = files
  // Clients send the content type of JSON also without a body.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers['content-length'] === '0') delete request.headers['content-type']
    done()
  })

  app.post(
    '/storage/v1/bucket',
    { config: changing, schema: { tags, summary: 'Create a bucket', body: createBody } },
    async request => {
      const { name, id = name, public: isPublic, open_folders, ...limits } = request.body
      if (id !== name) throw new Problem('invalid-request', 'id and name of a bucket are the same here.')
      await buckets.create(callerOf(request), {
        id,
        public: isPublic ?? false,
        open_folders: open_folders ?? false,
        file_size_limit: limits.file_size_limit ?? null,
        allowed_mime_types: limits.allowed_mime_types ?? null,
      })
      return { name: id }
    },
  )

  app.get(
    '/storage/v1/bucket',
    { config: reading, schema: { tags, summary: 'List the buckets', querystring: listQuery } },
    async request => {
      const { limit, offset, search, sortColumn, sortOrder } = request.query
      const found = await buckets.list(callerOf(request), {
        limit,
        offset,
        search,
        column: sortColumn === 'name' ? 'id' : sortColumn,
        order: sortOrder,
      })
      return found.map(bucket => ({ ...bucketBody(bucket), type: 'STANDARD' }))
    },
  )

  app.get(
    '/storage/v1/bucket/:id',
    { config: reading, schema: { tags, summary: 'One bucket', params: idParams } },
    async request => bucketBody(await buckets.get(callerOf(request), request.params.id)),
  )

  app.put(
    '/storage/v1/bucket/:id',
    {
      config: changing,
      schema: { tags, summary: 'Change a bucket', params: idParams, body: z.object(settings) },
    },
    async request => {
      const change = Object.fromEntries(
        Object.entries(request.body).filter(([, value]) => value !== undefined),
      )
      if (Object.keys(change).length === 0)
        throw new Problem(
          'invalid-request',
          'Send public, open_folders, file_size_limit or allowed_mime_types.',
        )
      await buckets.update(callerOf(request), request.params.id, change)
      return { message: 'Successfully updated' }
    },
  )

  app.post(
    '/storage/v1/bucket/:id/empty',
    {
      config: changing,
      handlerTimeout: emptyTimeoutMs,
      schema: { tags, summary: 'Remove every object of a bucket', params: idParams },
    },
    async request => {
      await buckets.empty(callerOf(request), request.params.id)
      return { message: 'Empty bucket has been queued. Completion may take up to an hour.' }
    },
  )

  app.delete(
    '/storage/v1/bucket/:id',
    { config: changing, schema: { tags, summary: 'Remove an empty bucket', params: idParams } },
    async request => {
      await buckets.remove(callerOf(request), request.params.id)
      return { message: 'Successfully deleted' }
    },
  )
}
