import { adminMetrics, adminOverview, adminServer, modelMetrics, readMetrics } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { idParams } from '../wire.ts'

/** How things stand, what was measured over time, and what runs here. */
export async function measuredRoutes(
  scope: FastifyInstance,
  { measured, overview, server }: Pick<HttpDependencies, 'measured' | 'overview' | 'server'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Administration']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/admin/overview',
    {
      config,
      schema: {
        tags,
        summary: 'How things stand: parts, rates, models, last failures',
        response: { 200: adminOverview },
      },
    },
    request => overview(callerOf(request)),
  )

  app.get(
    '/api/v1/admin/metrics',
    {
      config,
      schema: {
        tags,
        summary: 'What all processes measured over time, as columns',
        querystring: readMetrics,
        response: { 200: adminMetrics },
      },
    },
    request => measured.house(callerOf(request), request.query),
  )

  app.get(
    '/api/v1/admin/server',
    {
      config,
      schema: {
        tags,
        summary: 'What runs here: version, adapters, settings, migrations, tables',
        response: { 200: adminServer },
      },
    },
    request => server(callerOf(request)),
  )

  app.get(
    '/api/v1/models/:id/metrics',
    {
      schema: {
        tags: ['Models'],
        summary: 'Calls of a model by everyone over time, as columns',
        params: idParams,
        querystring: readMetrics,
        response: { 200: modelMetrics },
      },
    },
    request => measured.model(callerOf(request), request.params.id, request.query),
  )
}
