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
export * from './account.ts'
export * from './admin.ts'
export * from './ag-ui.ts'
export * from './agent.ts'
export * from './agent-execute.ts'
export * from './agent-tools.ts'
export * from './alert.ts'
export * from './cache.ts'
export * from './change.ts'
export * from './credit.ts'
export * from './embed.ts'
export * from './file.ts'
export * from './guardrails.ts'
export * from './health.ts'
export { argumentsIn } from './http-tool-faults.ts'
export * from './inference.ts'
export * from './job.ts'
export {
  type Collection,
  type CollectionList,
  type CreateCollection,
  collection,
  collectionList,
  createCollection,
  type DocumentKind,
  type DocumentList,
  type DocumentSource,
  type DocumentStatus,
  documentKind,
  documentList,
  documentName,
  documentSource,
  type KnowledgeDocument,
  knowledgeDocument,
  listCollections,
  listDocuments,
  type Passage,
  passage,
  type SearchKnowledge,
  type SearchMode,
  type SearchResult,
  searchKnowledge,
  searchResult,
  type UpdateCollection,
  updateCollection,
} from './knowledge.ts'
export * from './log.ts'
export * from './metrics.ts'
export * from './model.ts'
export * from './openai.ts'
export * from './openapi-import.ts'
export * from './prediction.ts'
export * from './problem.ts'
export * from './problem-body.ts'
export * from './problem-codes.ts'
export * from './provider.ts'
export {
  type CreatedReport,
  type CreateReport,
  createdReport,
  createReport,
  type LinkedReport,
  type ListReports,
  linkedReport,
  listReports,
  type Report,
  type ReportList,
  type ReportTemplateBody,
  type ReportTemplates,
  report,
  reportList,
  reportTemplate,
  reportTemplates,
  reportTitle,
} from './report.ts'
export * from './report-data.ts'
export * from './run.ts'
export * from './sign-in.ts'
export { isStorable, largestInteger, notStorable } from './storable.ts'
export * from './task.ts'
export * from './usage.ts'
