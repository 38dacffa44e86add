import type { InferenceModel, ModelStatistics, RepositoryIndex } from '@roundhouse/sdk/contract'
import type { Model } from '../models/model.ts'
import type { ServedState } from '../models/serving.ts'
import type { ModelStatistics as Statistics, Tally } from '../models/statistics.ts'

/** Our models in the protocol's shapes. Source: kserve/open-inference-protocol and Triton's extensions. */

export function modelMetadata(model: Model, versions: readonly string[]): InferenceModel {
  const properties = (model.metadata.properties ?? {}) as Record<string, string>
  return {
    name: model.name,
    versions: [...versions],
    platform: 'onnxruntime_onnx',
    inputs: tensors(model.input_schema),
    outputs: tensors(model.output_schema),
    properties,
  }
}

/** The part of Triton's model configuration that means something here. */
export function modelConfig(model: Model): Record<string, unknown> {
  const executor = (model.metadata.executor ?? {}) as { batching?: boolean; max_batch_rows?: number }
  const tensor = (spec: { name: string; datatype: string; shape: number[] }) => ({
    name: spec.name,
    data_type: `TYPE_${spec.datatype === 'BYTES' ? 'STRING' : spec.datatype}`,
    dims: executor.batching ? spec.shape.slice(1) : spec.shape,
  })
  return {
    name: model.name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    max_batch_size: executor.batching ? (executor.max_batch_rows ?? 1) : 0,
    input: tensors(model.input_schema).map(tensor),
    output: tensors(model.output_schema).map(tensor),
    ...(executor.batching ? { dynamic_batching: {} } : {}),
  }
}

export function indexEntry({ model, state }: ServedState): RepositoryIndex[number] {
  const { name, version } = model
  switch (state.tag) {
    case 'warm':
      return { name, version, state: 'READY', reason: '' }
    case 'loading':
      return { name, version, state: 'LOADING', reason: '' }
    case 'failed':
      return { name, version, state: 'UNAVAILABLE', reason: state.reason }
    case 'absent':
      return { name, version, state: 'UNAVAILABLE', reason: model.unloaded ? 'unloaded' : 'not loaded yet' }
  }
}

export function modelStatistics(
  name: string,
  version: string,
  statistics: Statistics,
  sizeBytes: number | null,
): ModelStatistics {
  const none = { count: 0, ns: 0 }
  return {
    name,
    version,
    last_inference: Math.round(statistics.lastInferenceAt),
    inference_count: statistics.inferenceCount,
    execution_count: statistics.executionCount,
    inference_stats: {
      success: duration(statistics.success),
      fail: duration(statistics.fail),
      queue: duration(statistics.queue),
      compute_input: none,
      compute_infer: duration(statistics.computeInfer),
      compute_output: none,
      cache_hit: duration(statistics.cacheHit),
      cache_miss: duration(statistics.cacheMiss),
    },
    response_stats: {},
    batch_stats: [...statistics.batches]
      .sort(([a], [b]) => a - b)
      .map(([rows, tally]) => ({
        batch_size: rows,
        compute_input: none,
        compute_infer: duration(tally),
        compute_output: none,
      })),
    memory_usage: sizeBytes === null ? [] : [{ type: 'CPU', id: 0, byte_size: sizeBytes }],
  }
}

function duration(tally: Tally): { count: number; ns: number } {
  return { count: tally.count, ns: Math.round(tally.ms * 1e6) }
}

function tensors(specs: Model['input_schema']): InferenceModel['inputs'] {
  return (specs ?? []).map(spec => ({
    name: spec.name,
    datatype: spec.dtype,
    shape: spec.shape.map(dim => dim ?? -1),
  }))
}
