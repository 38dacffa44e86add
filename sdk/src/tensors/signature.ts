import { Problem } from '../contract/problem.ts'
import { type Datatype, datatypes } from './datatype.ts'
import { shapeText } from './elements.ts'
import { quoteName } from './names.ts'
import type { Signature, TensorSpec } from './tensor.ts'

/** What a request says of an input before its elements are read. */
export type TensorHeader = {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/** Shows how an input of this spec would be written in the request's own form. */
export type Example<T> = (spec: TensorSpec, got: T | undefined) => string

/**
 * The inputs in the order of the signature, once each of them is there, none is unknown or twice, and each fits.
 * @throws Problem `invalid-tensor` with expected and got.
 */
export function checkInputs<T extends TensorHeader>(
  inputs: readonly T[],
  signature: Signature,
  example?: Example<T>,
): T[] {
  const byName = new Map<string, T>()
  for (const input of inputs) {
    if (byName.has(input.name))
      throw new Problem('invalid-tensor', `Input ${quoteName(input.name)} is there twice.`)
    specOf(input.name, signature)
    byName.set(input.name, input)
  }
  return signature.inputs.map(spec => {
    const input = byName.get(spec.name)
    if (input === undefined) {
      throw new Problem(
        'invalid-tensor',
        `Input ${quoteName(spec.name)} is missing. ${takes(signature)}${hint(example?.(spec, undefined))}`,
      )
    }
    fitTensor(input, spec, example)
    return input
  })
}

/**
 * What the model declares of this input.
 * @throws Problem `invalid-tensor` when there is no such input.
 */
export function specOf(name: string, signature: Signature): TensorSpec {
  const spec = signature.inputs.find(candidate => candidate.name === name)
  if (spec !== undefined) return spec
  throw new Problem('invalid-tensor', `The model has no input ${quoteName(name)}. ${takes(signature)}`)
}

/**
 * Checks datatype and shape against what the model declares.
 * @throws Problem `invalid-tensor` with expected and got.
 */
export function fitTensor<T extends TensorHeader>(tensor: T, spec: TensorSpec, example?: Example<T>): void {
  if (tensor.datatype !== spec.datatype) {
    throw new Problem(
      'invalid-tensor',
      `Input ${quoteName(spec.name)}: expected datatype ${spec.datatype}, got ${tensor.datatype}.${hint(example?.(spec, tensor))}`,
    )
  }
  if (!fitsShape(tensor.shape, spec.shape)) {
    const any = spec.shape.includes(null) ? ' (-1 is any size)' : ''
    throw new Problem(
      'invalid-tensor',
      `Input ${quoteName(spec.name)}: expected shape ${shapeText(spec.shape)}${any}, got ${shapeText(tensor.shape)}.${hint(example?.(spec, tensor))}`,
    )
  }
}

export function fitsShape(shape: readonly number[], wanted: readonly (number | null)[]): boolean {
  return (
    shape.length === wanted.length && wanted.every((size, index) => size === null || size === shape[index])
  )
}

export function isDatatype(value: unknown): value is Datatype {
  return datatypes.some(datatype => datatype === value)
}

/** Sizes beyond 2^53 - 1 are legal in the protocol, but only ever of tensors without elements: refused. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}

function takes(signature: Signature): string {
  const inputs = signature.inputs.map(
    spec => `${quoteName(spec.name)} (${spec.datatype} ${shapeText(spec.shape)})`,
  )
  const listed = inputs.slice(0, 8).join(', ')
  return `It takes ${listed}${inputs.length > 8 ? `, and ${inputs.length - 8} more` : ''}.`
}

function hint(example: string | undefined): string {
  return example === undefined ? '' : ` For example: ${example}`
}
