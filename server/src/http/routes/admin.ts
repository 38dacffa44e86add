import { adminStats, auditList, listAudit, plan, planList, updatePlan } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { decodeCursor, numberCursor, pageOf } from '../wire.ts'
import { adminInvitationRoutes } from './admin-invitations.ts'
import { adminUsageRoutes } from './admin-usage.ts'
import { adminUserRoutes } from './admin-users.ts'

const planParams = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, {
    error: 'The name of a plan has 1 to 40 lower-case letters, digits or hyphens and starts with a letter.',
  }),
})

/** Everything of administrators: what there is, plans, who did what, users and invitations. */
export async function adminRoutes(scope: FastifyInstance, dependencies: HttpDependencies): Promise<void> {
  const { stats, plans, auditLog } = dependencies.admin
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Administration']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/admin/stats',
    { config, schema: { tags, summary: 'How many there are of everything', response: { 200: adminStats } } },
    request => stats(callerOf(request)),
  )

  app.get(
    '/api/v1/admin/plans',
    { config, schema: { tags, summary: 'List plans and their limits', response: { 200: planList } } },
    async request => ({ data: await plans.list(callerOf(request)) }),
  )

  app.patch(
    '/api/v1/admin/plans/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Change the limits of a plan',
        params: planParams,
        body: updatePlan,
        response: { 200: plan },
      },
    },
    request => plans.update(callerOf(request), request.params.name, request.body),
  )

  app.get(
    '/api/v1/admin/audit',
    {
      config,
      schema: {
        tags,
        summary: 'Administrative acts, newest first',
        querystring: listAudit,
        response: { 200: auditList },
      },
    },
    async request => {
      const { limit, cursor, actor_id: actorId, ...filter } = request.query
      const entries = await auditLog.list(callerOf(request), {
        ...filter,
        actorId,
        beforeSeq: decodeCursor(cursor, numberCursor),
        limit: limit + 1,
      })
      return pageOf(
        entries,
        limit,
        entry => entry,
        last => last.seq,
      )
    },
  )
  await app.register(adminUserRoutes, dependencies)
  await app.register(adminInvitationRoutes, dependencies)
  await app.register(adminUsageRoutes, dependencies)
}
