import { sessionList } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { idParams } from '../wire.ts'

/** Where the caller is signed in. */
export async function sessionRoutes(
  scope: FastifyInstance,
  { signIn: { sessions } }: Pick<HttpDependencies, 'signIn'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Account']

  app.get(
    '/api/v1/sessions',
    { schema: { tags, summary: 'The caller’s sessions, newest first', response: { 200: sessionList } } },
    async request => {
      const rows = await sessions.list(callerOf(request))
      return {
        data: rows.map(row => ({
          ...row,
          ip_address: row.ip_address || null,
          user_agent: row.user_agent || null,
          created_at: row.created_at.toISOString(),
          expires_at: row.expires_at.toISOString(),
        })),
      }
    },
  )

  app.delete(
    '/api/v1/sessions/:id',
    { schema: { tags, summary: 'Sign out there', params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await sessions.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
