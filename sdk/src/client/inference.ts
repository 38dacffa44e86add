import {
  type InferenceModel,
  inferenceModel,
  type RepositoryIndex,
  repositoryIndex,
  repositoryLoaded,
  repositoryUnloaded,
  type Statistics,
  statistics,
} from '../contract/inference.ts'
import { encodeInferRequest } from '../tensors/encode-request.ts'
import { decodeInferResponse } from '../tensors/infer-response.ts'
import type { Tensor } from '../tensors/tensor.ts'
import { path } from './path.ts'
import { readReply, unexpected } from './reply.ts'
import { type Call, type CallOptions, jsonCall, type Send } from './transport.ts'

export type VersionOptions = CallOptions & {
  /** A version or a moving label; default: the version that serves now. */
  version?: string
}

export type InferOptions = VersionOptions & {
  inputs: readonly Tensor[]
  /** Names of the outputs to compute; default: all. */
  outputs?: readonly string[]
  /** Given back in the reply. */
  id?: string
  /** Send and ask for the bytes of the tensors instead of JSON numbers; default true. */
  binary?: boolean
}

export type Inference = { modelName: string; modelVersion?: string; id?: string; outputs: Tensor[] }

/** The Open Inference Protocol, version 2, under `/v2`. Every call throws what `Send` throws, and UnexpectedReply. */
export type InferenceClient = {
  metadata(model: string, options?: VersionOptions): Promise<InferenceModel>
  /** False while the model is not loaded. @throws Problem `model-not-found`. */
  ready(model: string, options?: VersionOptions): Promise<boolean>
  infer(model: string, options: InferOptions): Promise<Inference>
  /** Loads or reloads; fulfils when the model is warm. */
  load(model: string, options?: CallOptions): Promise<void>
  unload(model: string, options?: CallOptions): Promise<void>
  /** `ready: true` leaves out the models that are not loaded. */
  index(options?: CallOptions & { ready?: boolean }): Promise<RepositoryIndex>
  /** Of one model, or of all when none is named. */
  stats(model?: string, options?: VersionOptions): Promise<Statistics>
}

export function createInferenceClient(send: Send): InferenceClient {
  return {
    async metadata(model, { version, ...options } = {}) {
      return readReply(
        inferenceModel,
        await send({ method: 'GET', path: modelPath(model, version) }, options),
      )
    },
    async ready(model, { version, ...options } = {}) {
      const call = { method: 'GET', path: `${modelPath(model, version)}/ready`, accepts: [503] } as const
      return (await send(call, options)).status === 200
    },
    async infer(model, { version, inputs, outputs, id, binary = true, ...options }) {
      const request = encodeInferRequest({
        inputs,
        binary,
        ...(id === undefined ? {} : { id }),
        ...(outputs === undefined ? {} : { outputs }),
      })
      const reply = await send(inferCall(`${modelPath(model, version)}/infer`, request), options)
      const header = reply.headers.get('inference-header-content-length')
      try {
        return decodeInferResponse(reply.body, header === null ? undefined : Number(header))
      } catch (cause) {
        throw unexpected(reply, 'cannot be read as tensors', cause)
      }
    },
    async load(model, options) {
      const call = jsonCall('POST', path`/v2/repository/models/${model}/load`, '{}')
      readReply(repositoryLoaded, await send({ ...call, idempotent: true }, options))
    },
    async unload(model, options) {
      const call = jsonCall('POST', path`/v2/repository/models/${model}/unload`, '{}')
      readReply(repositoryUnloaded, await send({ ...call, idempotent: true }, options))
    },
    async index({ ready, ...options } = {}) {
      const call = jsonCall('POST', '/v2/repository/index', JSON.stringify({ ready }))
      return readReply(repositoryIndex, await send({ ...call, idempotent: true }, options))
    },
    async stats(model, { version, ...options } = {}) {
      const to = model === undefined ? '/v2/models/stats' : `${modelPath(model, version)}/stats`
      return readReply(statistics, await send({ method: 'GET', path: to }, options))
    },
  }
}

function inferCall(to: string, request: ReturnType<typeof encodeInferRequest>): Call {
  const { body, headerLength } = request
  // Tensor bytes hardly shrink, and unpacking them takes longer than reading them. Browsers decide this themselves.
  const headers = { 'accept-encoding': 'identity' }
  if (headerLength === undefined) {
    return { method: 'POST', path: to, body, headers: { ...headers, 'content-type': 'application/json' } }
  }
  const binaryHeaders = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(headerLength),
  }
  return { method: 'POST', path: to, body, headers: { ...headers, ...binaryHeaders } }
}

function modelPath(model: string, version: string | undefined): string {
  return version === undefined ? path`/v2/models/${model}` : path`/v2/models/${model}/versions/${version}`
}
