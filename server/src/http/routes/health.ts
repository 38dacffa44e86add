import { health, healthy, live, ready, unavailable, workersHealth } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { HttpDependencies } from '../dependencies.ts'

/** Whether this process lives, and whether it should be sent requests. No credential is asked for; one that is known shows the models that it may see. */
export async function healthRoutes(
  scope: FastifyInstance,
  { health: room, metrics, version }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const config = { access: 'public' } as const
  const tags = ['Health']

  for (const url of ['/health', '/api/health']) {
    app.get(
      url,
      {
        config,
        schema: {
          tags,
          summary: 'Ready for requests, in one word',
          response: { 200: healthy, 503: unavailable },
        },
      },
      async ({ caller }, reply) => {
        const { reasons } = await room.readiness(caller)
        if (reasons.length > 0)
          return reply.code(503).header('retry-after', '2').send({ status: 'unavailable', reasons })
        return {
          status: 'healthy' as const,
          service: 'roundhouse' as const,
          version,
          timestamp: new Date().toISOString(),
        }
      },
    )
  }

  app.get(
    '/api/v1/live',
    { config, schema: { tags, summary: 'The process can answer; touches nothing', response: { 200: live } } },
    (_request, reply) => {
      reply.send({ live: true })
    },
  )

  app.get(
    '/api/v1/ready',
    {
      config,
      schema: {
        tags,
        summary: 'Database, migrations and required models',
        response: { 200: ready, 503: ready },
      },
    },
    async ({ caller }, reply) => {
      const { reasons, degraded } = await room.readiness(caller)
      if (reasons.length > 0) reply.code(503).header('retry-after', '2')
      return { ready: reasons.length === 0, reasons, degraded }
    },
  )

  app.get(
    '/api/v1/health',
    {
      config,
      schema: {
        tags,
        summary: 'The state of every part, for people; without a key only required and public models',
        response: { 200: health },
      },
    },
    ({ caller }) => room.summary(caller),
  )

  for (const url of ['/api/v1/health/workers', '/api/v1/health/celery']) {
    app.get(
      url,
      { config, schema: { tags, summary: 'Live workers and queue depth', response: { 200: workersHealth } } },
      () => room.workers(),
    )
  }

  // The labels name models, whoever they belong to.
  app.get(
    '/metrics',
    { config: { access: 'admin' }, schema: { tags, summary: 'Prometheus metrics' } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  )
}
