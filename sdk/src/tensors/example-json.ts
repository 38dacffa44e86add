import type { Datatype } from './datatype.ts'
import type { TensorSpec } from './tensor.ts'

/** Elements that an example shows before "..."; of arrays it shows the first. */
const shown = 4

/** A shape that the spec takes, as near to the one given as it can be. */
export function exampleShape(spec: TensorSpec, got: readonly number[] = []): number[] {
  const sameRank = got.length === spec.shape.length
  return spec.shape.map((size, index) => size ?? (sameRank ? got[index] : undefined) ?? 1)
}

/** Nested JSON of this shape, cut short with "..."; the values given come first, then those of the datatype. */
export function exampleElements(
  datatype: Datatype,
  shape: readonly number[],
  values: readonly unknown[] = [],
): string {
  let next = 0
  const write = (level: number): string => {
    const size = shape[level]
    if (size === undefined) return leafText(datatype, values[next++])
    const parts: string[] = []
    const most = level === shape.length - 1 ? shown : 1
    for (let index = 0; index < Math.min(size, most); index++) parts.push(write(level + 1))
    if (size > most) parts.push('...')
    return `[${parts.join(',')}]`
  }
  return write(0)
}

function leafText(datatype: Datatype, value: unknown): string {
  if (datatype === 'BYTES') return '"text"'
  if (datatype === 'BOOL') return typeof value === 'boolean' ? String(value) : 'true'
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '0'
}
