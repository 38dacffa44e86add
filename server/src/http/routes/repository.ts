import {
  Problem,
  parseJson,
  repositoryIndex,
  repositoryIndexRequest,
  repositoryLoaded,
  repositoryRequest,
  repositoryUnloaded,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import { bytesOf, readBodiesAsBytes } from '../body.ts'
import { asConcurrentRun } from '../concurrent-runs.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { indexEntry } from '../inference-bodies.ts'
import { type ModelParams, modelParams } from '../inference-params.ts'

const bodyBytes = 1024 * 1024
const loadTimeoutMs = 300_000

/** The protocol's model repository extension: what there is, and taking it in and out of memory. */
export async function repositoryRoutes(
  scope: FastifyInstance,
  { registry, serving, limits }: HttpDependencies,
): Promise<void> {
  readBodiesAsBytes(scope, bodyBytes)
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Open Inference Protocol']

  app.post(
    '/v2/repository/index',
    {
      // A POST that reads.
      config: { scopes: ['read'] },
      schema: {
        tags,
        summary: 'Every version that the caller may see, and its state',
        response: { 200: repositoryIndex },
      },
    },
    async (request, reply) => {
      const { ready } = await read(request, reply, repositoryIndexRequest)
      return serving
        .states(callerOf(request))
        .map(indexEntry)
        .filter(entry => !ready || entry.state === 'READY')
    },
  )

  app.post(
    '/v2/repository/models/:model/load',
    {
      handlerTimeout: loadTimeoutMs,
      schema: {
        tags,
        summary: 'Load, or load again',
        params: modelParams,
        response: { 200: repositoryLoaded },
      },
    },
    async (request: FastifyRequest<{ Params: ModelParams }>, reply) => {
      const { parameters } = await read(request, reply, repositoryRequest)
      const unsupported = Object.keys(parameters ?? {}).find(
        name => name === 'config' || name.startsWith('file:'),
      )
      if (unsupported !== undefined)
        throw new Problem(
          'not-implemented',
          `The load parameter ${unsupported.slice(0, 80)} is not supported. Upload the file by POST /api/v1/models.`,
        )
      const caller = callerOf(request)
      await asConcurrentRun(limits, caller, () => registry.load(caller, request.params.model))
      return { name: request.params.model, load: true as const }
    },
  )

  app.post(
    '/v2/repository/models/:model/unload',
    {
      schema: {
        tags,
        summary: 'Take every version out of memory',
        params: modelParams,
        response: { 200: repositoryUnloaded },
      },
    },
    async (request: FastifyRequest<{ Params: ModelParams }>, reply) => {
      await read(request, reply, repositoryRequest)
      await registry.unload(callerOf(request), request.params.model)
      return { name: request.params.model, unload: true as const }
    },
  )

  /** An empty body means the same as an empty object. */
  async function read<Schema extends z.ZodType>(
    request: FastifyRequest,
    reply: FastifyReply,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const body = await bytesOf(request, reply, bodyBytes)
    return schema.parse(body.byteLength === 0 ? {} : parseJson(body, { exactIntegers: false }))
  }
}
