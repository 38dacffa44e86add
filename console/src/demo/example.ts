import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { isWhole } from './literal.ts'

type Spec = Pick<TensorSpecBody, 'dtype' | 'shape'>

/** What stands in the form at first: made up, the same each time. */
export function exampleValue({ dtype }: Pick<Spec, 'dtype'>, index: number): string {
  if (dtype === 'BOOL') return index % 2 === 0 ? 'true' : 'false'
  if (dtype === 'BYTES') return index === 0 ? 'some text' : `text ${index + 1}`
  const wave = Math.sin(index * 0.7) + 1
  return isWhole(dtype) ? String(Math.round(wave * 4)) : String(Math.round(wave * 100) / 100)
}

/** A free dimension has few, of a batch one. */
export function exampleGrid({ dtype, shape }: Spec): string {
  const width = shape.at(-1) ?? 4
  const height = shape.length === 1 ? 1 : (shape.at(-2) ?? (shape.length === 2 ? 1 : 4))
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => exampleValue({ dtype }, row * width + column)).join(', '),
  ).join('\n')
}

/** Nested arrays of any depth. */
export function exampleJson({ dtype, shape }: Spec): string {
  let index = 0
  const nested = ([size, ...rest]: Spec['shape']): unknown => {
    if (size === undefined) return jsonValue(dtype, exampleValue({ dtype }, index++))
    return Array.from({ length: size ?? 1 }, () => nested(rest))
  }
  return JSON.stringify(nested(shape))
}

function jsonValue(dtype: Spec['dtype'], text: string): unknown {
  return dtype === 'BYTES' ? text : JSON.parse(text)
}
