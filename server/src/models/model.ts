import type { ModelStatus, Signature, TensorSpecBody, Visibility } from '@roundhouse/sdk/contract'

/** One version of a model, as stored. */
export type Model = {
  readonly id: string
  /** Order of creation over all models. */
  readonly number: number
  readonly name: string
  readonly version: string
  readonly description: string | null
  readonly status: ModelStatus
  readonly error: string | null
  readonly visibility: Visibility
  /** Credits per call. */
  readonly price: number
  readonly format: 'onnx' | null
  readonly file_key: string | null
  readonly file_hash: string | null
  readonly file_size_bytes: number | null
  readonly input_schema: TensorSpecBody[] | null
  readonly output_schema: TensorSpecBody[] | null
  readonly metadata: Record<string, unknown>
  readonly unloaded: boolean
  readonly last_used_at: Date | null
  readonly created_at: Date
  readonly updated_at: Date
}

/** For people: `price@3`. */
export function modelLabel(model: { name: string; version: string }): string {
  return `${model.name}@${model.version}`
}

export function toStoredSchema(specs: Signature['inputs']): TensorSpecBody[] {
  return specs.map(spec => ({ name: spec.name, dtype: spec.datatype, shape: [...spec.shape] }))
}
