import { listUsers, revoked, setRoles, updateUser, user, userList } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { decodeCursor, idParams, pageOf } from '../wire.ts'

/** `<microseconds since the epoch> <id>`. */
const positionCursor = z
  .string()
  .transform(text => {
    const [createdUs, id = ''] = text.split(' ')
    return { createdUs: Number(createdUs), id }
  })
  .pipe(z.object({ createdUs: z.int().min(0), id: z.uuid() }))

/** Administrators over users. */
export async function adminUserRoutes(
  scope: FastifyInstance,
  { admin }: Pick<HttpDependencies, 'admin'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const { users } = admin
  const tags = ['Administration']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/admin/users',
    {
      config,
      schema: {
        tags,
        summary: 'List users, newest first',
        querystring: listUsers,
        response: { 200: userList },
      },
    },
    async request => {
      const { limit, cursor, ...filter } = request.query
      const before = decodeCursor(cursor, positionCursor)
      const rows = await users.list(callerOf(request), { ...filter, before, limit: limit + 1 })
      return pageOf(
        rows,
        limit,
        row => row.user,
        ({ position }) => `${position.createdUs} ${position.id}`,
      )
    },
  )

  app.get(
    '/api/v1/admin/users/:id',
    { config, schema: { tags, summary: 'One user', params: idParams, response: { 200: user } } },
    request => users.get(callerOf(request), request.params.id),
  )

  app.patch(
    '/api/v1/admin/users/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change the plan, ban or let back in',
        params: idParams,
        body: updateUser,
        response: { 200: user },
      },
    },
    request => users.update(callerOf(request), request.params.id, request.body),
  )

  app.put(
    '/api/v1/admin/users/:id/roles',
    {
      config,
      schema: {
        tags,
        summary: 'Make an administrator, or no longer',
        params: idParams,
        body: setRoles,
        response: { 200: user },
      },
    },
    request => users.setRoles(callerOf(request), request.params.id, request.body.roles),
  )

  app.post(
    '/api/v1/admin/users/:id/revoke',
    {
      config,
      schema: {
        tags,
        summary: 'End every session and revoke every key of a user',
        params: idParams,
        response: { 200: revoked },
      },
    },
    request => users.revoke(callerOf(request), request.params.id),
  )
}
