import { type ModelStates, modelStates } from '../contract/health.ts'
import {
  type CreateModel,
  type ListModels,
  type Model,
  type ModelList,
  model,
  modelList,
  type UpdateModel,
  type Validation,
  validation,
} from '../contract/model.ts'
import {
  type ListPredictions,
  type Prediction,
  type PredictionList,
  prediction,
  predictionList,
} from '../contract/prediction.ts'
import { type Batch, createBatch } from './batches.ts'
import type { FileBytes, FormPart } from './form.ts'
import { createReadModelMetrics, type ReadModelMetrics } from './measured.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'
import type { UploadProgress } from './upload.ts'
import { inputDataJson } from './values.ts'

export type ListOptions = CallOptions & Partial<ListModels>
export type UploadOptions = CallOptions & {
  /** Default: the name of a `File`, else `model.onnx`. */
  fileName?: string
  onProgress?: (progress: UploadProgress) => void
}

/** `id` is the id of one version of a model. Every call throws what `Send` throws, and UnexpectedReply. */
export type ModelsClient = {
  list(options?: ListOptions): Promise<ModelList>
  /** Every model, page after page. */
  iterate(options?: ListOptions): AsyncGenerator<Model, void>
  create(model: CreateModel, options?: CallOptions): Promise<Model>
  upload(id: string, file: FileBytes, options?: UploadOptions): Promise<Model>
  /** Creates, uploads, validates and warms in one call; the server chooses the version when none is given. */
  push(file: FileBytes, options: UploadOptions & CreateModel): Promise<Model>
  validate(id: string, options?: CallOptions): Promise<Validation>
  get(id: string, options?: CallOptions): Promise<Model>
  /** What the process that answers has in memory of the versions that are ready; which of them serve. */
  states(options?: CallOptions): Promise<ModelStates>
  versions(name: string, options?: CallOptions): Promise<ModelList>
  latest(name: string, options?: CallOptions): Promise<Model>
  update(id: string, change: UpdateModel, options?: CallOptions): Promise<Model>
  remove(id: string, options?: CallOptions): Promise<void>
  /** `inputData` holds per input a nested array, or a typed array for one dimension. */
  predict(
    id: string,
    inputData: Readonly<Record<string, unknown>>,
    options?: CallOptions & { skipCache?: boolean },
  ): Promise<Prediction>
  batch: Batch
  /** Calls by everyone over time: the last hour, or `from` to `to`. */
  metrics: ReadModelMetrics
  /** The history, newest first. */
  predictions(id: string, options?: CallOptions & Partial<ListPredictions>): Promise<PredictionList>
}

export function createModelsClient(send: Send): ModelsClient {
  const list: ModelsClient['list'] = async ({ limit, cursor, name, status, ...options } = {}) => {
    const query = { limit, cursor, name, status }
    return readReply(modelList, await send({ method: 'GET', path: '/api/v1/models', query }, options))
  }
  const sendFile = async (to: string, parts: FormPart[], { onProgress, ...options }: UploadOptions) => {
    const call = { method: 'POST', path: to, upload: { parts, onProgress }, creates: true } as const
    return readReply(model, await send(call, options))
  }

  return {
    list,
    iterate: (options = {}) => iteratePages(list, options),
    async create(body, options) {
      const call = jsonCall('POST', '/api/v1/models', JSON.stringify(body))
      return readReply(model, await send({ ...call, creates: true }, options))
    },
    async upload(id, file, options = {}) {
      return sendFile(path`/api/v1/models/${id}/upload`, [filePart(file, options)], options)
    },
    // The name comes before the file, so that the server can refuse it before the bytes arrive.
    async push(file, { name, version, description, visibility, price, kind, ...options }) {
      const parts: FormPart[] = [{ name: 'name', value: name }]
      const rest = { version, description, visibility, price, kind }
      for (const [field, value] of Object.entries(rest))
        if (value !== undefined && value !== null) parts.push({ name: field, value: String(value) })
      return sendFile('/api/v1/models', [...parts, filePart(file, options)], options)
    },
    async validate(id, options) {
      return readReply(
        validation,
        await send({ method: 'POST', path: path`/api/v1/models/${id}/validate` }, options),
      )
    },
    async get(id, options) {
      return readReply(model, await send({ method: 'GET', path: path`/api/v1/models/${id}` }, options))
    },
    async states(options) {
      return readReply(modelStates, await send({ method: 'GET', path: '/api/v1/models/states' }, options))
    },
    async versions(name, options) {
      const to = path`/api/v1/models/by-name/${name}/versions`
      return readReply(modelList, await send({ method: 'GET', path: to }, options))
    },
    async latest(name, options) {
      const to = path`/api/v1/models/by-name/${name}/latest`
      return readReply(model, await send({ method: 'GET', path: to }, options))
    },
    async update(id, change, options) {
      const to = path`/api/v1/models/${id}`
      return readReply(model, await send(jsonCall('PATCH', to, JSON.stringify(change)), options))
    },
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/models/${id}` }, options)
    },
    async predict(id, inputData, { skipCache, ...options } = {}) {
      const body = inputDataJson({ input_data: inputData, skip_cache: skipCache })
      const to = path`/api/v1/models/${id}/predict`
      return readReply(prediction, await send(jsonCall('POST', to, body), options))
    },
    batch: createBatch(send),
    metrics: createReadModelMetrics(send),
    async predictions(id, { limit, cursor, ...options } = {}) {
      const to = path`/api/v1/models/${id}/predictions`
      return readReply(
        predictionList,
        await send({ method: 'GET', path: to, query: { limit, cursor } }, options),
      )
    },
  }
}

function filePart(file: FileBytes, { fileName }: UploadOptions): FormPart {
  const ownName = 'name' in file && typeof file.name === 'string' ? file.name : undefined
  return { name: 'file', file, fileName: fileName ?? ownName ?? 'model.onnx' }
}
