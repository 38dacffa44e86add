import { Problem } from '../contract/problem.ts'
import { exampleElements, exampleShape } from './example-json.ts'
import { holdsArrays, maxNesting, readElements } from './json-elements.ts'
import { nestedJson } from './json-text.ts'
import { describeValue, isObject, quoteName } from './names.ts'
import { checkInputs, fitsShape, specOf, type TensorHeader } from './signature.ts'
import type { Signature, Tensor, TensorSpec } from './tensor.ts'

/**
 * Tensors from `{"<input>": nested array or scalar}`, the form of our own REST API, in the order of the signature.
 * The shape follows from the nesting; FP16 takes numbers here.
 * @throws Problem `invalid-request` when it is not an object, `invalid-tensor` with expected, got and an example.
 */
export function decodeNamedInputs(inputData: unknown, signature: Signature): Tensor[] {
  if (!isObject(inputData)) {
    throw new Problem(
      'invalid-request',
      `The inputs must be an object by input name, got ${describeValue(inputData)}.`,
    )
  }
  const given = Object.entries(inputData).map(([name, value]): NamedInput => {
    const spec = specOf(name, signature)
    return { name, datatype: spec.datatype, shape: fillEmpty(nestedShape(name, value), spec), value }
  })
  return checkInputs(given, signature, exampleInput).map(input => ({
    name: input.name,
    datatype: input.datatype,
    shape: input.shape,
    data: readElements(input, input.shape, input.value),
  }))
}

/**
 * `{"<output>": nested array or scalar}` as JSON text; non-finite values are the strings "NaN", "Infinity", "-Infinity".
 * @throws Problem `invalid-tensor` for a string with a lone surrogate.
 */
export function encodeNamedOutputs(outputs: readonly Tensor[]): string {
  return `{${outputs.map(output => `${JSON.stringify(output.name)}:${nestedJson(output)}`).join(',')}}`
}

type NamedInput = TensorHeader & { readonly value: unknown }

function nestedShape(name: string, value: unknown): number[] {
  const shape: number[] = []
  for (let inner = value; Array.isArray(inner); inner = inner[0]) {
    if (shape.length === maxNesting) {
      throw new Problem(
        'invalid-tensor',
        `Input ${quoteName(name)} is nested deeper than ${maxNesting} levels.`,
      )
    }
    shape.push(inner.length)
  }
  checkRectangular(name, value, shape, [])
  return shape
}

/** Every array of a level has the same length, and only the last level has elements. */
function checkRectangular(
  name: string,
  value: unknown,
  shape: readonly number[],
  path: readonly number[],
): void {
  const wanted = shape[path.length]
  const length = Array.isArray(value) ? value.length : undefined
  if (length !== wanted) {
    const found = length === undefined ? describeValue(value) : `an array of ${length}`
    const expected = wanted === undefined ? 'an element' : `an array of ${wanted}`
    throw new Problem(
      'invalid-tensor',
      `Input ${quoteName(name)} is not rectangular: at [${path.join('][')}] expected ${expected} as in the first place, got ${found}.`,
    )
  }
  if (!Array.isArray(value)) return
  const isLastLevel = path.length === shape.length - 1
  if (isLastLevel && !holdsArrays(value)) return
  value.forEach((inner: unknown, index) => {
    checkRectangular(name, inner, shape, [...path, index])
  })
}

/** After an empty array the nesting cannot tell the sizes that follow: they are the model's, or 0. */
function fillEmpty(shape: number[], spec: TensorSpec): number[] {
  if (shape.at(-1) !== 0) return shape
  return [...shape, ...spec.shape.slice(shape.length).map(size => size ?? 0)]
}

function exampleInput(spec: TensorSpec, got?: NamedInput): string {
  return `{${JSON.stringify(spec.name)}:${exampleValue(spec, got)}}`
}

/** The caller's own values where only outer brackets are missing, else zeros. */
function exampleValue(spec: TensorSpec, got?: NamedInput): string {
  const missing = spec.shape.length - (got?.shape.length ?? 0)
  const wrapped =
    got !== undefined && missing > 0 ? [...new Array<number>(missing).fill(1), ...got.shape] : undefined
  if (wrapped === undefined || !fitsShape(wrapped, spec.shape)) {
    return exampleElements(spec.datatype, exampleShape(spec, got?.shape))
  }
  return exampleElements(spec.datatype, wrapped, [got?.value].flat())
}
