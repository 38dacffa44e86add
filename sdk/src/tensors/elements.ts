import { Problem } from '../contract/problem.ts'
import { bytesPerElement, type Datatype } from './datatype.ts'
import type { TensorData } from './tensor.ts'

/**
 * How many elements a tensor of this shape has; 1 for a scalar, whose shape is [].
 * Sizes of 0 do not hide the others: [2^40, 2^40, 0] is refused, as numpy does.
 * @throws Problem `invalid-tensor` past 2^53 - 1.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1
  let empty = false
  for (const size of shape) {
    if (size === 0) empty = true
    else count *= size
  }
  if (!Number.isSafeInteger(count)) {
    throw new Problem(
      'invalid-tensor',
      `The sizes of shape ${shapeText(shape)} multiply to more than 2^53 - 1.`,
    )
  }
  return empty ? 0 : count
}

/** The shape as JSON, `null` as -1 (any size), at most 16 sizes. */
export function shapeText(shape: readonly (number | null)[]): string {
  const sizes = shape.slice(0, 16).map(size => size ?? -1)
  return `[${sizes.join(',')}${shape.length > 16 ? ',...' : ''}]`
}

/** Elements that are all zero, or empty strings. */
export function createElements(datatype: Datatype, length: number): TensorData {
  if (datatype === 'BYTES') return new Array<string>(length).fill('')
  return viewElements(datatype, new Uint8Array(length * bytesPerElement[datatype]))
}

/**
 * The elements that lie in `bytes`, whose length must be a multiple of the element's: a view where the
 * alignment allows one, else a copy. Little-endian on the wire and, as on every host we run on, in memory.
 */
export function viewElements(datatype: Exclude<Datatype, 'BYTES'>, bytes: Uint8Array): TensorData {
  const width = bytesPerElement[datatype]
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes)
  const length = bytes.length / width
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(buffer, byteOffset, length)
    case 'INT8':
      return new Int8Array(buffer, byteOffset, length)
    case 'UINT16':
    case 'FP16':
      return new Uint16Array(buffer, byteOffset, length)
    case 'INT16':
      return new Int16Array(buffer, byteOffset, length)
    case 'UINT32':
      return new Uint32Array(buffer, byteOffset, length)
    case 'INT32':
      return new Int32Array(buffer, byteOffset, length)
    case 'UINT64':
      return new BigUint64Array(buffer, byteOffset, length)
    case 'INT64':
      return new BigInt64Array(buffer, byteOffset, length)
    case 'FP32':
      return new Float32Array(buffer, byteOffset, length)
    case 'FP64':
      return new Float64Array(buffer, byteOffset, length)
  }
}

/** The memory of the elements, not a copy. */
export function elementBytes(data: Exclude<TensorData, string[]>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
