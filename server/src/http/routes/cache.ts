import { cacheMetrics } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'

/** The prediction cache in figures, of this process. */
export async function cacheRoutes(
  scope: FastifyInstance,
  { predictionCache, predictions }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Cache']

  app.get(
    '/api/v1/cache/metrics',
    { schema: { tags, summary: 'Hits and misses of the prediction cache', response: { 200: cacheMetrics } } },
    async () => predictionCache.metrics(),
  )

  app.post(
    '/api/v1/cache/metrics/reset',
    {
      config: { access: 'admin' },
      schema: { tags, summary: 'Count from zero', response: { 200: cacheMetrics } },
    },
    request => predictions.resetCacheMetrics(callerOf(request)),
  )
}
