import type { Datatype } from './datatype.ts'

/**
 * Elements in row-major order. BOOL is 0 or 1 in a Uint8Array; FP16 is its raw bits in a Uint16Array
 * (never a Float16Array, so that the bytes are the same in every runtime); BYTES is an array of strings.
 */
export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | string[]

/** A named tensor. `data.length` is always the product of `shape` (1 for a scalar, whose shape is []). */
export type Tensor = {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** What a model declares of one input or output; `null` is a dimension that a request may choose. */
export type TensorSpec = {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly (number | null)[]
}

/** Inputs and outputs of a model, in the order the model declares them. */
export type Signature = {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}
