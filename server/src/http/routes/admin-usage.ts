import { listUsage, usage } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'

const usualDays = 30
/** A quarter of a year of a busy server is many rows. */
const limitMs = 20_000

/** What agents and models were used for, by agent, model, user or day. */
export async function adminUsageRoutes(
  scope: FastifyInstance,
  { admin, clock }: Pick<HttpDependencies, 'admin' | 'clock'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  app.get(
    '/api/v1/admin/usage',
    {
      config: { access: 'admin', scopes: ['admin'], ownDeadline: true },
      schema: {
        tags: ['Administration'],
        summary: 'Runs, calls, tokens, credits and costs by agent, model, user or day',
        querystring: listUsage,
        response: { 200: usage },
      },
    },
    request => {
      const { by, ...asked } = request.query
      const to = asked.to === undefined ? new Date(clock.now()) : new Date(asked.to)
      const from =
        asked.from === undefined ? new Date(to.getTime() - usualDays * 86_400_000) : new Date(asked.from)
      return admin.usage(callerOf(request), { from, to, by }, AbortSignal.timeout(limitMs))
    },
  )
}
