import { putSecret, secretList, secretName } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'

const nameParams = z.object({ name: secretName })
const config = { access: 'admin', scopes: ['admin'] } as const

/** Provider keys and the like. No route gives a value back. */
export async function secretRoutes(scope: FastifyInstance, { secrets }: HttpDependencies): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Administration']

  app.get(
    '/api/v1/admin/secrets',
    {
      config,
      schema: { tags, summary: 'List secrets by name, without values', response: { 200: secretList } },
    },
    async request => ({
      data: (await secrets.list(callerOf(request))).map(row => ({
        ...row,
        hosts: [...row.hosts],
        created_at: row.created_at.toISOString(),
        updated_at: row.updated_at.toISOString(),
      })),
    }),
  )

  app.put(
    '/api/v1/admin/secrets/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Add a secret or replace its value, and say where tools may send it',
        params: nameParams,
        body: putSecret,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { value, hosts } = request.body
      await secrets.put(callerOf(request), request.params.name, value, hosts)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/v1/admin/secrets/:name',
    {
      config,
      schema: { tags, summary: 'Remove a secret', params: nameParams, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await secrets.remove(callerOf(request), request.params.name)
      return reply.code(204).send(null)
    },
  )
}
