import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Caller } from '../../accounts/caller.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { createEventStreams, type ServerEvent } from '../event-stream.ts'

/** What pages look at to refresh by themselves. */
export async function changeRoutes(
  scope: FastifyInstance,
  { changes }: Pick<HttpDependencies, 'changes'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const sendEvents = createEventStreams(scope)

  app.get(
    '/api/v1/changes',
    {
      config: { scopes: ['read'], ownDeadline: true },
      schema: {
        tags: ['Changes'],
        summary:
          'What changes of what you may see, as server-sent events: `hello` first and whenever something may have been missed, then `change` with `kind`, `id` and `at`, at most a few a second; `shutdown` when the server stops',
      },
    },
    (request, reply) => {
      const caller = callerOf(request)
      return sendEvents(caller, reply, signal => toEvents(caller, signal))
    },
  )

  async function* toEvents(caller: Caller, signal: AbortSignal): AsyncGenerator<ServerEvent, void> {
    // The id says nothing: who comes back begins with `hello`.
    for await (const { event, ...data } of changes.follow(caller, signal)) yield { event, id: '', data }
  }
}
