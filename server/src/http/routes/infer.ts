import { inferRequest, inferResponse, Problem, parseHeaderLength } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../authenticate.ts'
import { bytesOf, compressed, exceptBody, readBodiesAsBytes } from '../body.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { workIdOf } from '../idempotency.ts'
import { type ModelParams, modelParams, versionParams } from '../inference-params.ts'

const headerLengthName = 'inference-header-content-length'

/** Inference by the Open Inference Protocol, JSON and binary tensors. */
export async function inferRoutes(
  scope: FastifyInstance,
  { predictions, codec, maxPredictBodyBytes }: HttpDependencies,
): Promise<void> {
  readBodiesAsBytes(scope, maxPredictBodyBytes)
  const config = { ownDeadline: true, access: 'anyone', scopes: ['predict'] } as const
  const options = { config, validatorCompiler: exceptBody }
  const schema = {
    tags: ['Open Inference Protocol'],
    summary: 'Infer',
    description:
      'JSON, or JSON followed by binary tensors when `Inference-Header-Content-Length` gives the length of the JSON.',
    body: inferRequest,
    response: { 200: inferResponse },
  }

  scope.post<{ Params: ModelParams }>(
    '/v2/models/:model/infer',
    { ...options, schema: { ...schema, params: modelParams } },
    infer,
  )
  scope.post<{ Params: ModelParams }>(
    '/v2/models/:model/versions/:version/infer',
    { ...options, schema: { ...schema, params: versionParams } },
    infer,
  )

  /** Returns the body, so that it can be kept under an `Idempotency-Key`. */
  async function infer(
    request: FastifyRequest<{ Params: ModelParams }>,
    reply: FastifyReply,
  ): Promise<Uint8Array | string> {
    const caller = callerOf(request)
    const { model: name, version } = request.params
    const model = await predictions.find(caller, { name, version })
    const body = await bytesOf(request, reply, maxPredictBodyBytes)
    const header = request.headers[headerLengthName]
    if (Array.isArray(header))
      throw new Problem('invalid-request', 'Inference-Header-Content-Length was sent twice.')
    const asked = await codec.decodeInfer(body, parseHeaderLength(header, body.byteLength), model.signature)
    const result = await predictions.predict(caller, model, {
      inputs: asked.inputs,
      outputs: asked.outputs.map(output => output.name),
      // As other servers of this protocol: every request is a run, unless it asks for the cache.
      useCache: false,
      signal: goneSignal(reply),
      timeoutMs: asked.timeoutMs,
      workId: workIdOf(request),
    })
    const answer = await codec.encodeInfer({
      modelName: model.source.name,
      modelVersion: model.source.version,
      ...(asked.id === undefined ? {} : { id: asked.id }),
      outputs: result.outputs,
      requested: asked.outputs,
    })
    if (answer.headerLength === undefined) reply.type('application/json; charset=utf-8')
    else reply.type('application/octet-stream').header(headerLengthName, String(answer.headerLength))
    return request.headers['accept-encoding'] === undefined
      ? answer.body
      : compressed(request, reply, answer.body)
  }
}
