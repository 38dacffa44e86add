import {
  inferenceLive,
  inferenceModel,
  inferenceModelReady,
  inferenceModels,
  inferenceReady,
  inferenceServer,
  type ModelStatistics,
  Problem,
  statistics,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { Model } from '../../models/model.ts'
import type { ServedState } from '../../models/serving.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { modelConfig, modelMetadata, modelStatistics } from '../inference-bodies.ts'
import { type ModelParams, modelParams, versionParams } from '../inference-params.ts'

/** Only what works here is named. */
const extensions = [
  'binary_tensor_data',
  'classification',
  'model_configuration',
  'model_repository',
  'model_repository(unload_dependents)',
  'parameters',
  'statistics',
]

type ModelRequest = FastifyRequest<{ Params: ModelParams }>

/** What the server and its models are, by the Open Inference Protocol. */
export async function inferenceMetadataRoutes(
  scope: FastifyInstance,
  { serving, health, version: serverVersion }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Open Inference Protocol']
  const config = { access: 'public' } as const
  /** Public models are shown to everyone. */
  const readable = { access: 'anyone', scopes: ['read', 'predict'] } as const

  app.get(
    '/v2',
    { schema: { tags, summary: 'Server metadata', response: { 200: inferenceServer } } },
    async () => ({ name: 'roundhouse', version: serverVersion, extensions }),
  )

  app.get(
    '/v2/health/live',
    { config, schema: { tags, summary: 'Live', response: { 200: inferenceLive } } },
    async () => ({ live: true }),
  )

  app.get(
    '/v2/health/ready',
    {
      config,
      schema: {
        tags,
        summary: 'Ready; with ?verbose also why',
        querystring: z.object({ verbose: z.string().optional() }),
        response: { 200: inferenceReady.loose() },
      },
    },
    async request => {
      const { reasons, degraded } = await health.readiness(request.caller)
      if (reasons.length > 0)
        throw new Problem('model-not-loaded', `The server is not ready. ${reasons.join(' ')}`, {
          retryAfterSeconds: 2,
        })
      return {
        ready: true,
        ...(request.query.verbose === undefined
          ? {}
          : {
              degraded,
              models: health.listed(request.caller).map(verboseState),
            }),
      }
    },
  )

  app.get(
    '/v2/models',
    { schema: { tags, summary: 'Names of the models', response: { 200: inferenceModels } } },
    async request => ({
      models: [...new Set(serving.states(callerOf(request)).map(({ model }) => model.name))].sort(),
    }),
  )

  app.get(
    '/v2/models/stats',
    {
      schema: {
        tags,
        summary: 'Statistics of every loaded version that the caller may see',
        response: { 200: statistics },
      },
    },
    async request => ({ model_stats: serving.states(callerOf(request)).flatMap(statisticsOf) }),
  )

  for (const [prefix, params] of [
    ['/v2/models/:model', modelParams],
    ['/v2/models/:model/versions/:version', versionParams],
  ] as const) {
    app.get(
      prefix,
      {
        config: readable,
        schema: { tags, summary: 'Model metadata', params, response: { 200: inferenceModel } },
      },
      async (request: ModelRequest) => {
        const model = await rowOf(request)
        const versions = familyStates(callerOf(request), model)
        return modelMetadata(model, versions.map(other => other.model.version).reverse())
      },
    )

    app.get(
      `${prefix}/config`,
      { config: readable, schema: { tags, summary: 'Model configuration', params } },
      async (request: ModelRequest) => modelConfig(await rowOf(request)),
    )

    app.get(
      `${prefix}/ready`,
      {
        config: readable,
        schema: { tags, summary: 'Model ready', params, response: { 200: inferenceModelReady } },
      },
      async (request: ModelRequest, reply: FastifyReply) => {
        const model = await rowOf(request)
        const warm =
          request.params.version === undefined
            ? familyStates(callerOf(request), model).some(other => serving.isWarm(other.model))
            : serving.isWarm(model)
        if (!warm)
          throw new Problem('model-not-loaded', `Model ${model.name} is not ready.`, { retryAfterSeconds: 2 })
        return reply.send({ name: model.name, ready: true })
      },
    )

    app.get(
      `${prefix}/stats`,
      { config: readable, schema: { tags, summary: 'Statistics', params, response: { 200: statistics } } },
      async (request: ModelRequest) => {
        const model = await rowOf(request)
        const { version } = request.params
        return {
          model_stats: familyStates(callerOf(request), model)
            .filter(other => version === undefined || other.model.version === version)
            .flatMap(statisticsOf),
        }
      },
    )
  }

  async function rowOf(request: ModelRequest) {
    const { model: name, version } = request.params
    const row = await serving.row(callerOf(request), { name, version })
    if (row.status !== 'ready')
      throw new Problem(
        'model-not-found',
        `Model ${name} has no ready version${version === undefined ? '' : ` ${version}`}.`,
      )
    return row
  }

  /** The versions of the same model that the caller may see. */
  function familyStates(caller: Caller, model: Model): ServedState[] {
    return serving.states(caller).filter(other => isOfFamily(other.model, model))
  }
}

function isOfFamily(model: Model, other: Model): boolean {
  return model.name === other.name && model.owner_id === other.owner_id
}

function statisticsOf({ model, state }: ServedState): ModelStatistics[] {
  return state.tag === 'warm'
    ? [modelStatistics(model.name, model.version, state.loaded.statistics, model.file_size_bytes)]
    : []
}

function verboseState(
  { model, state, required, serves }: ServedState,
  _index: number,
  all: readonly ServedState[],
): Record<string, unknown> {
  const olderServes =
    state.tag !== 'warm' &&
    all.some(other => isOfFamily(other.model, model) && other.serves && other.state.tag === 'warm')
  return {
    name: model.name,
    version: model.version,
    required,
    serves,
    state:
      state.tag === 'loading'
        ? olderServes
          ? 'reload while an older version serves'
          : 'first load'
        : state.tag,
    since: state.tag === 'absent' ? null : new Date(state.since).toISOString(),
    reason: state.tag === 'failed' ? state.reason : null,
    load_ms: state.tag === 'warm' ? Math.round(state.loaded.loadMs) : null,
  }
}
