import {
  provider,
  providerList,
  providerName,
  providerTest,
  putProvider,
  testProvider,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'

const nameParams = z.object({ name: providerName })
const config = { access: 'admin', scopes: ['admin'] } as const
/** Shorter than a provider may take for a user: somebody looks on. */
const testTimeoutMs = 20_000

/** The providers of language models. No route gives a key back. */
export async function adminProviderRoutes(
  scope: FastifyInstance,
  { providers }: Pick<HttpDependencies, 'providers'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Administration']
  const { administration } = providers

  app.get(
    '/api/v1/admin/providers',
    {
      config,
      schema: {
        tags,
        summary: 'Providers of language models, without their keys',
        response: { 200: providerList },
      },
    },
    async () => ({ data: administration.list() }),
  )

  app.put(
    '/api/v1/admin/providers/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Add a provider or replace it; its key stays unless one is given',
        params: nameParams,
        body: putProvider,
        response: { 200: provider },
      },
    },
    async request => administration.put(callerOf(request), request.params.name, request.body),
  )

  app.delete(
    '/api/v1/admin/providers/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Remove a provider and its key',
        params: nameParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await administration.remove(callerOf(request), request.params.name)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/admin/providers/:name/test',
    {
      config: { ...config, ownDeadline: true },
      schema: {
        tags,
        summary: 'Ask a provider something short and say what came of it',
        params: nameParams,
        body: testProvider,
        response: { 200: providerTest },
      },
    },
    async request =>
      administration.test(request.params.name, request.body.model, AbortSignal.timeout(testTimeoutMs)),
  )
}
