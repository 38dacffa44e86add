import { requestParams, requestStory } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { entryBody, lineEntry } from '../story-wire.ts'

/** What one request did, by the id that its answer had. */
export async function requestRoutes(
  scope: FastifyInstance,
  { requests }: Pick<HttpDependencies, 'requests'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  app.get(
    '/api/v1/requests/:request_id',
    {
      config: { scopes: ['read'] },
      schema: {
        tags: ['Logs'],
        summary:
          'The story of a request in order of time: jobs, runs with their steps, predictions, calls of models, reports and credits, your own; for administrators those of everyone, audit entries and log lines',
        params: requestParams,
        response: { 200: requestStory },
      },
    },
    async request => {
      const { request_id: requestId } = request.params
      const { entries, lines, isCut } = await requests.story(callerOf(request), requestId)
      const all = [...entries.map(entryBody), ...lines.map(lineEntry)]
      return { request_id: requestId, entries: all.sort(byTime), is_cut: isCut }
    },
  )
}

function byTime(a: { at: string }, b: { at: string }): number {
  return a.at < b.at ? -1 : Number(a.at > b.at)
}
