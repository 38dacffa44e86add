// The tensor codec, for the server and the client.
export { decodeBinary, encodeBinary } from '../tensors/binary.ts'
export { parseHeaderLength } from '../tensors/binary-body.ts'
export { bytesPerElement, type Datatype, datatypes } from '../tensors/datatype.ts'
export { createElements, elementBytes, elementCount, viewElements } from '../tensors/elements.ts'
export { encodeInferRequest } from '../tensors/encode-request.ts'
export { decodeInferRequest, type InferRequest } from '../tensors/infer-request.ts'
export { decodeInferResponse, encodeInferResponse } from '../tensors/infer-response.ts'
export { readElements } from '../tensors/json-elements.ts'
export { flatJson, nestedJson } from '../tensors/json-text.ts'
export { decodeNamedInputs, encodeNamedOutputs } from '../tensors/named-inputs.ts'
export type { Parameters } from '../tensors/parameters.ts'
export { parseJson } from '../tensors/parse-json.ts'
export { checkRequested, type RequestedOutput } from '../tensors/requested-output.ts'
export { checkInputs, fitTensor } from '../tensors/signature.ts'
export type { Signature, Tensor, TensorData, TensorSpec } from '../tensors/tensor.ts'
export { type CacheMetrics, cacheMetrics } from './cache.ts'
export {
  type ComponentState,
  componentState,
  type Health,
  type Healthy,
  health,
  healthy,
  type Live,
  live,
  type ModelHealth,
  modelHealth,
  type Ready,
  ready,
  type ServingState,
  servingState,
  type Unavailable,
  unavailable,
  type WorkersHealth,
  workersHealth,
} from './health.ts'
export {
  type InferenceModel,
  type InferenceServer,
  type InferRequestBody,
  type InferResponseBody,
  inferenceError,
  inferenceLive,
  inferenceModel,
  inferenceModelReady,
  inferenceModels,
  inferenceReady,
  inferenceServer,
  inferRequest,
  inferResponse,
  type ModelStatistics,
  modelStatistics,
  type RepositoryIndex,
  repositoryIndex,
  repositoryIndexRequest,
  repositoryLoaded,
  repositoryRequest,
  repositoryUnloaded,
  type Statistics,
  statistics,
  tensorMetadata,
} from './inference.ts'
export {
  type CreateModel,
  createModel,
  type ListModels,
  listModels,
  type Model,
  type ModelList,
  type ModelStatus,
  model,
  modelList,
  modelName,
  modelStatus,
  modelVersionLabel,
  type TensorSpecBody,
  tensorSpecSchema,
  type UpdateModel,
  updateModel,
  type Validation,
  type Visibility,
  validation,
  visibility,
} from './model.ts'
export {
  type ListPredictions,
  listPredictions,
  type Predict,
  type Prediction,
  type PredictionList,
  type PredictionRecord,
  predict,
  prediction,
  predictionList,
  predictionRecord,
} from './prediction.ts'
export { isProblem, Problem, type ProblemOptions } from './problem.ts'
export { type ProblemBody, problemBody } from './problem-body.ts'
export { type ProblemCode, type ProblemDefinition, problemCodes } from './problem-codes.ts'
