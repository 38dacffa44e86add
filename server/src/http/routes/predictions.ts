import { listPredictions, predict, prediction, predictionList } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { StoredPrediction } from '../../predictions/store.ts'
import { callerOf } from '../authenticate.ts'
import { bytesOf, exceptBody, readBodiesAsBytes } from '../body.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { workIdOf } from '../idempotency.ts'
import { decodeCursor, idParams, pageOf, uuidCursor } from '../wire.ts'

/** Our own form of a prediction, and its history. */
export async function predictionRoutes(
  scope: FastifyInstance,
  { predictions, codec, maxPredictBodyBytes }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Predictions']

  app.get(
    '/api/v1/models/:id/predictions',
    {
      schema: {
        tags,
        summary: 'History of your own calls of a model, newest first; for administrators of all calls',
        params: idParams,
        querystring: listPredictions,
        response: { 200: predictionList },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      const rows = await predictions.history(callerOf(request), request.params.id, {
        beforeId: decodeCursor(cursor, uuidCursor),
        limit: limit + 1,
      })
      const { data, next_cursor } = pageOf(rows, limit, recordJson, last => last.id)
      return sendJson(reply, `{"data":[${data.join()}],"next_cursor":${JSON.stringify(next_cursor)}}`)
    },
  )

  await app.register(async bytes => {
    readBodiesAsBytes(bytes, maxPredictBodyBytes)
    bytes.withTypeProvider<ZodTypeProvider>().post(
      '/api/v1/models/:id/predict',
      {
        config: { ownDeadline: true, access: 'anyone', scopes: ['predict'] },
        validatorCompiler: exceptBody,
        schema: { tags, summary: 'Predict', params: idParams, body: predict, response: { 201: prediction } },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const model = await predictions.find(caller, { id: request.params.id })
        const body = await bytesOf(request, reply, maxPredictBodyBytes)
        const { inputs, skipCache } = await codec.decodeNamed(body, model.signature)
        const outputs = model.signature.outputs.map(output => output.name)
        const result = await predictions.predict(caller, model, {
          inputs,
          outputs,
          useCache: !skipCache,
          signal: goneSignal(reply),
          workId: workIdOf(request),
        })
        const data = await codec.encodeNamed(result.outputs)
        reply.code(201).header('x-cache', result.cached ? 'HIT' : 'MISS')
        return sendJson(
          reply,
          `{"id":"${result.id}","model_id":"${request.params.id}","output_data":${data},"inference_time_ms":${Math.round(result.inferenceTimeMs * 1000) / 1000},"cached":${result.cached},"created_at":"${new Date(result.createdAt).toISOString()}"}`,
        )
      },
    )
  })
}

/** Printed by hand: the data may hold integers beyond 2^53, which a parsed value would have lost. */
function recordJson({ input_data, output_data, created_at, ...rest }: StoredPrediction): string {
  return `${JSON.stringify({ ...rest, request_id: rest.request_id ?? '', created_at: created_at.toISOString() }).slice(0, -1)},"input_data":${input_data},"output_data":${output_data}}`
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text)
}
