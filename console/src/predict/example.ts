import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { isWhole } from './literal.ts'
import { cellsOf, isList, isValue, isValues, nested, type Single, type Value, type Values } from './values.ts'

type Spec = Pick<TensorSpecBody, 'name' | 'dtype' | 'shape'>

/**
 * What stands in the form at first: the example that the model brings as `example_input` among the properties of its
 * file (the values of its one input, or an object by input), else one made up, the same each time.
 */
export function examplesOf(
  inputs: readonly Spec[],
  metadata: Readonly<Record<string, unknown>> = {},
): Values {
  const given = givenIn(inputs, metadata)
  return Object.fromEntries(
    inputs.map(spec => {
      const value = given[spec.name]
      return [spec.name, (value !== undefined && fitted(spec.shape, value)) || madeUp(spec)]
    }),
  )
}

export function propertyOf(metadata: Readonly<Record<string, unknown>>, name: string): unknown {
  const { properties } = metadata
  if (typeof properties !== 'object' || properties === null) return undefined
  const text: unknown = Object.getOwnPropertyDescriptor(properties, name)?.value
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function givenIn(inputs: readonly Spec[], metadata: Readonly<Record<string, unknown>>): Values {
  const given = propertyOf(metadata, 'example_input')
  if (isValues(given)) return given
  const [only] = inputs
  return only && inputs.length === 1 && isValue(given) ? { [only.name]: given } : {}
}

/** In the dimensions of the input; undefined when it is not of them. The first free one has what the others leave. */
function fitted(shape: Spec['shape'], value: Value): Value | undefined {
  const cells = cellsOf(value)
  const known = shape.reduce<number>((product, size) => product * (size ?? 1), 1)
  let rest = cells.length / known
  if (cells.length === 0 || !Number.isInteger(rest)) return undefined
  if (depthOf(value) === shape.length) return value
  const sizes = shape.map(size => {
    if (size !== null) return size
    const free = rest
    rest = 1
    return free
  })
  return rest === 1 ? nested(sizes, cells) : undefined
}

function depthOf(value: Value): number {
  return isList(value) ? 1 + depthOf(value[0] ?? null) : 0
}

/** Of a batch one, of another free dimension a few. */
function madeUp({ dtype, shape }: Spec): Value {
  const sizes = shape.map((size, at) => size ?? (at === 0 ? 1 : 4))
  const count = sizes.reduce((product, size) => product * size, 1)
  return nested(
    sizes,
    Array.from({ length: count }, (_, index) => exampleValue(dtype, index)),
  )
}

/** A new value of a form too. */
export function exampleValue(dtype: Spec['dtype'], index: number): Single {
  if (dtype === 'BOOL') return index % 2 === 0
  if (dtype === 'BYTES') return index === 0 ? 'some text' : `text ${index + 1}`
  const wave = Math.sin(index * 0.7) + 1
  return isWhole(dtype) ? Math.round(wave * 4) : Math.round(wave * 100) / 100
}
