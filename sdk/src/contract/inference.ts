import { z } from 'zod'
import { datatypes } from '../tensors/datatype.ts'

// The Open Inference Protocol, version 2, and the Triton extensions that are served.
// Source: kserve/open-inference-protocol and triton-inference-server/server docs/protocol.

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** Body of every reply of `/v2` that is not 200. */
export const inferenceError = z.object({ error: z.string() })

/** `GET /v2`. */
export const inferenceServer = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
})

/** `GET /v2/health/live`. */
export const inferenceLive = z.object({ live: z.boolean() })

/** `GET /v2/health/ready`. */
export const inferenceReady = z.object({ ready: z.boolean() })

/** `GET /v2/models/{name}[/versions/{version}]/ready`. */
export const inferenceModelReady = z.object({ name: z.string(), ready: z.boolean() })

/** `GET /v2/models`. */
export const inferenceModels = z.object({ models: z.array(z.string()) })

/** -1 is a dimension that a request chooses. */
export const tensorMetadata = z.object({
  name: z.string(),
  datatype: z.enum(datatypes),
  shape: z.array(z.int().min(-1)),
})

/** `GET /v2/models/{name}[/versions/{version}]`. */
export const inferenceModel = z.object({
  name: z.string(),
  versions: z.array(z.string()).optional(),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
  properties: z.record(z.string(), z.string()).optional(),
})

const tensor = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  datatype: z.enum(datatypes),
  parameters: parameters.optional(),
  /** Row-major, nested or flat in a request, flat in a reply. Absent when `binary_data_size` is given. */
  data: z.array(z.unknown()).optional(),
})

/** JSON of `POST /v2/models/{name}[/versions/{version}]/infer`, for the documentation: tensors are read by a reader of their own. */
export const inferRequest = z.object({
  id: z.string().optional(),
  parameters: parameters.optional(),
  inputs: z.array(tensor),
  outputs: z.array(z.object({ name: z.string(), parameters: parameters.optional() })).optional(),
})

/** JSON of the reply to `infer`, for the documentation. */
export const inferResponse = z.object({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string().optional(),
  parameters: parameters.optional(),
  outputs: z.array(tensor),
})

/** Body of `POST /v2/repository/index`; `ready: true` leaves out models that are not loaded. */
export const repositoryIndexRequest = z.object({
  ready: z.boolean({ error: 'ready: expected a boolean' }).optional(),
})

/** Reply of `POST /v2/repository/index`. */
export const repositoryIndex = z.array(
  z.object({
    name: z.string(),
    version: z.string().optional(),
    state: z.enum(['UNKNOWN', 'READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING']),
    reason: z.string(),
  }),
)

/** Body of `POST /v2/repository/models/{name}/load` and `.../unload`; an empty body is the same as `{}`. */
export const repositoryRequest = z.object({ parameters: parameters.optional() })

export const repositoryLoaded = z.object({ name: z.string(), load: z.literal(true) })

export const repositoryUnloaded = z.object({ name: z.string(), unload: z.literal(true) })

/** `ns` is the sum of `count` durations, in nanoseconds. */
const duration = z.object({ count: z.int().min(0), ns: z.int().min(0) })

const responseStatistics = z.object({
  compute_infer: duration,
  compute_output: duration,
  success: duration,
  fail: duration,
  empty_response: duration,
  cancel: duration,
})

/** One version since the start of the process. `last_inference` is in milliseconds since the epoch. */
export const modelStatistics = z.object({
  name: z.string(),
  version: z.string().optional(),
  last_inference: z.int().min(0),
  /** Rows: a request with a batch of 64 adds 64. Without cache hits. */
  inference_count: z.int().min(0),
  /** Runs of the model: 64 requests in one batch add 1. Without cache hits. */
  execution_count: z.int().min(0),
  inference_stats: z.object({
    success: duration,
    fail: duration,
    queue: duration,
    compute_input: duration,
    compute_infer: duration,
    compute_output: duration,
    cache_hit: duration,
    cache_miss: duration,
  }),
  response_stats: z.record(z.string(), responseStatistics),
  batch_stats: z.array(
    z.object({
      batch_size: z.int().min(0),
      compute_input: duration,
      compute_infer: duration,
      compute_output: duration,
    }),
  ),
  memory_usage: z.array(
    z.object({ type: z.enum(['CPU', 'CPU_PINNED', 'GPU']), id: z.int().min(0), byte_size: z.int().min(0) }),
  ),
})

/** `GET /v2/models/stats` and `/v2/models/{name}[/versions/{version}]/stats`. */
export const statistics = z.object({ model_stats: z.array(modelStatistics) })

export type InferenceServer = z.infer<typeof inferenceServer>
export type InferenceModel = z.infer<typeof inferenceModel>
export type InferRequestBody = z.infer<typeof inferRequest>
export type InferResponseBody = z.infer<typeof inferResponse>
export type RepositoryIndex = z.infer<typeof repositoryIndex>
export type ModelStatistics = z.infer<typeof modelStatistics>
export type Statistics = z.infer<typeof statistics>
