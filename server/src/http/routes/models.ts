import {
  listModels,
  type ModelState,
  model,
  modelList,
  modelName,
  modelStates,
  updateModel,
  validation,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { modelHealth } from '../../admin/health.ts'
import type { ServedState } from '../../models/serving.ts'
import { callerOf } from '../authenticate.ts'
import { asConcurrentRun } from '../concurrent-runs.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { decodeCursor, idParams, modelBody, numberCursor, pageOf } from '../wire.ts'

/** Public models are shown to everyone; of what a caller may not see the registry says that it is not there. */
const readable = { access: 'anyone', scopes: ['read', 'predict'] } as const
const nameParams = z.object({ name: modelName })
/** Loading and warming a large model takes as long as it takes. */
const validateTimeoutMs = 300_000

/** The registry: everything about versions but their bytes. */
export async function modelRoutes(
  scope: FastifyInstance,
  { registry, serving, limits }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Models']

  app.get(
    '/api/v1/models',
    {
      schema: {
        tags,
        summary: 'List the versions that the caller may see, newest first',
        querystring: listModels,
        response: { 200: modelList },
      },
    },
    async request => {
      const { limit, cursor, name, status } = request.query
      const models = await registry.list(callerOf(request), {
        name,
        status,
        beforeNumber: decodeCursor(cursor, numberCursor),
        limit: limit + 1,
      })
      return pageOf(models, limit, modelBody, last => last.number)
    },
  )

  app.get(
    '/api/v1/models/states',
    {
      schema: {
        tags,
        summary: 'What this process has in memory of the versions that the caller may see and that are ready',
        response: { 200: modelStates },
      },
    },
    request => ({ data: serving.states(callerOf(request)).map(stateBody) }),
  )

  app.get(
    '/api/v1/models/:id',
    {
      config: readable,
      schema: { tags, summary: 'One version', params: idParams, response: { 200: model } },
    },
    async request => modelBody(await registry.get(callerOf(request), request.params.id)),
  )

  app.get(
    '/api/v1/models/by-name/:name/versions',
    {
      config: readable,
      schema: {
        tags,
        summary:
          'Every version of a name, newest first: of your own model, else of the house, else of who had the name first, if it is not the house’s',
        params: nameParams,
        response: { 200: modelList },
      },
    },
    async request => ({
      data: (await registry.versions(callerOf(request), request.params.name)).map(modelBody),
      next_cursor: null,
    }),
  )

  app.get(
    '/api/v1/models/by-name/:name/latest',
    {
      config: readable,
      schema: {
        tags,
        summary: 'The newest ready version of a name',
        params: nameParams,
        response: { 200: model },
      },
    },
    async request => modelBody(await registry.latest(callerOf(request), request.params.name)),
  )

  app.post(
    '/api/v1/models/:id/validate',
    {
      handlerTimeout: validateTimeoutMs,
      schema: {
        tags,
        summary: 'Check the file, load and warm it',
        params: idParams,
        response: { 200: validation },
      },
    },
    async request => {
      const caller = callerOf(request)
      const { valid, model: row } = await asConcurrentRun(limits, caller, () =>
        registry.validate(caller, request.params.id),
      )
      const { error, input_schema, output_schema, metadata, status } = modelBody(row)
      return { valid, error, input_schema, output_schema, metadata, status }
    },
  )

  app.patch(
    '/api/v1/models/:id',
    {
      schema: {
        tags,
        summary: 'Describe, price, tag, share, archive or bring back',
        params: idParams,
        body: updateModel,
        response: { 200: model },
      },
    },
    async request => modelBody(await registry.update(callerOf(request), request.params.id, request.body)),
  )

  app.delete(
    '/api/v1/models/:id',
    {
      schema: {
        tags,
        summary: 'Remove a version, its file and its history',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await registry.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function stateBody(served: ServedState): ModelState {
  const { model, state, serves } = served
  const since = state.tag === 'absent' ? null : new Date(state.since).toISOString()
  return { ...modelHealth(served), id: model.id, serves, since }
}
