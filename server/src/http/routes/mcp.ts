import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { HttpDependencies } from '../dependencies.ts'
import { createAddressGuard } from '../mcp/addresses.ts'
import { createMcp } from '../mcp/mcp.ts'

/** Agents and models as tools of the Model Context Protocol. */
export async function mcpRoutes(scope: FastifyInstance, dependencies: HttpDependencies): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const guard = createAddressGuard(dependencies)
  const answer = createMcp(dependencies)

  app.addHook('onRequest', (request, _reply, done) => {
    guard(request)
    done()
  })

  app.post(
    '/mcp',
    {
      config: { access: 'anyone', scopes: ['agents', 'predict'], ownDeadline: true },
      schema: {
        tags: ['MCP'],
        summary:
          'Model Context Protocol, revisions 2026-07-28 and 2025-11-25: your agents and models as tools',
        body: z.unknown().describe('One JSON-RPC message'),
      },
    },
    async (request, reply) => reply.send(await answer(request, reply)),
  )
}
