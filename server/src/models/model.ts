import type { ModelKind, ModelStatus, Signature, TensorSpecBody, Visibility } from '@roundhouse/sdk/contract'

/** One version of a model, as stored. */
export type Model = {
  readonly id: string
  /** Order of creation over all models. */
  readonly number: number
  /** Null belongs to the house: the service-role key. */
  readonly owner_id: string | null
  readonly name: string
  readonly version: string
  readonly description: string | null
  readonly status: ModelStatus
  readonly error: string | null
  readonly visibility: Visibility
  /** Credits per call. */
  readonly price: number
  /** What it is beside a model that predicts. */
  readonly kind: ModelKind | null
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

/** Which version a caller means: one row, or a name with or without a version. */
export type ModelTarget = { id: string } | { name: string; version?: string | undefined }

export type ModelIdentity = Pick<Model, 'id' | 'name' | 'version' | 'owner_id'>

/** For people: `price@3`. */
export function modelLabel(model: { name: string; version: string }): string {
  return `${model.name}@${model.version}`
}

/**
 * Labels of metrics. Two owners may have a `price@3` each, so a model that is not the house's is named by its id: what
 * is measured of one is never added to another's, nor forgotten with it.
 */
export function metricLabels({ id, name, version, owner_id }: ModelIdentity): {
  model: string
  version: string
} {
  return { model: owner_id === null ? name : id, version }
}

/** Models of users do not count: what one of them uploads or removes must not decide whether the server is ready. */
export function isRequired(model: Pick<Model, 'name' | 'owner_id'>, required: readonly string[]): boolean {
  return model.owner_id === null && required.includes(model.name)
}

export function toStoredSchema(specs: Signature['inputs']): TensorSpecBody[] {
  return specs.map(spec => ({ name: spec.name, dtype: spec.datatype, shape: [...spec.shape] }))
}

/** The reverse, of a version that is ready. */
export function storedSignature({
  input_schema,
  output_schema,
}: Pick<Model, 'input_schema' | 'output_schema'>): Signature {
  return { inputs: toSpecs(input_schema ?? []), outputs: toSpecs(output_schema ?? []) }
}

function toSpecs(stored: readonly TensorSpecBody[]): Signature['inputs'] {
  return stored.map(({ name, dtype, shape }) => ({ name, datatype: dtype, shape }))
}
