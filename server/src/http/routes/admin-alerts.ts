import { alertList, alertTest, listAlerts } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { decodeCursor, pageOf, uuidCursor } from '../wire.ts'

/** What was wrong, and whether the channels that tell of it work. */
export async function adminAlertRoutes(
  scope: FastifyInstance,
  { alerts }: Pick<HttpDependencies, 'alerts'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Administration']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/admin/alerts',
    {
      config,
      schema: {
        tags,
        summary: 'Alerts, open and past, newest first',
        querystring: listAlerts,
        response: { 200: alertList },
      },
    },
    async request => {
      const { limit, cursor } = request.query
      const found = await alerts.list(callerOf(request), {
        beforeId: decodeCursor(cursor, uuidCursor),
        limit: limit + 1,
      })
      return pageOf(
        found,
        limit,
        alert => alert,
        last => last.id,
      )
    },
  )

  app.post(
    '/api/v1/admin/alerts/test',
    {
      // A receiver may take 15 s to be given up.
      config: { ...config, ownDeadline: true },
      schema: {
        tags,
        summary: 'Send a test through every channel and say how each went',
        response: { 200: alertTest },
      },
    },
    async request => ({ data: await alerts.test(callerOf(request)) }),
  )
}
