import type { Datatype, TensorSpec } from '@roundhouse/sdk/contract'

/** What one row of a batch holds of an input, or gives of an output. */
export type Field = {
  readonly name: string
  readonly datatype: Datatype
  /** Of one row; null is a size that a row may choose. */
  readonly shape: readonly (number | null)[]
  /** Elements of one row; null when a size is free. */
  readonly width: number | null
  /** The first dimension of the tensor counts rows. Else a row is the whole tensor. */
  readonly stacked: boolean
}

/** The first dimension counts rows when it is free or 1. */
export function fieldOf(spec: TensorSpec): Field {
  const { name, datatype } = spec
  const stacked = spec.shape[0] === null || spec.shape[0] === 1
  const shape = stacked ? spec.shape.slice(1) : spec.shape
  let width: number | null = 1
  for (const size of shape) width = width === null || size === null ? null : width * size
  return { name, datatype, shape, width, stacked }
}

/** Of the columns that hold the field: its name for a single value, else `name[0]`, `name[1]`, ... in row-major order. */
export function columnNames(name: string, width: number, single: boolean): string[] {
  return single && width === 1 ? [name] : Array.from({ length: width }, (_, index) => `${name}[${index}]`)
}

/** A value by itself, or the only one of a vector: both are one column. */
export function isSingle({ shape }: Pick<Field, 'shape'>): boolean {
  return shape.length <= 1
}
