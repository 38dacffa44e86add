import type { Tensor, TensorData } from '@roundhouse/sdk/contract'
import { invariant } from '../kit/invariant.ts'

/** Rows are what the first dimension counts. Joins tensors of equal names, datatypes and further dims. */
export function concatenateRows(parts: readonly (readonly Tensor[])[]): Tensor[] {
  const first = parts[0]
  invariant(first, 'there is at least one part to join')
  return first.map((head, index) => {
    const tensors = parts.map(part => {
      const tensor = part[index]
      invariant(tensor && tensor.name === head.name, 'every part holds the same tensors in the same order')
      return tensor
    })
    const rows = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] ?? 1), 0)
    return {
      ...head,
      shape: [rows, ...head.shape.slice(1)],
      data: joinElements(tensors.map(tensor => tensor.data)),
    }
  })
}

/** Rows `from` up to, not including, `to`. Numbers stay in the buffer of the whole. */
export function sliceRows(tensors: readonly Tensor[], from: number, to: number): Tensor[] {
  return tensors.map(tensor => {
    const perRow = tensor.shape.slice(1).reduce((product, dim) => product * dim, 1)
    const data = Array.isArray(tensor.data)
      ? tensor.data.slice(from * perRow, to * perRow)
      : tensor.data.subarray(from * perRow, to * perRow)
    return { ...tensor, shape: [to - from, ...tensor.shape.slice(1)], data }
  })
}

/** One after the other, in the memory of none of them. */
export function joinElements(parts: readonly TensorData[]): TensorData {
  const first = parts[0]
  invariant(first, 'there is at least one part to join')
  if (Array.isArray(first)) return parts.flatMap(part => (Array.isArray(part) ? part : []))
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const whole = new (first.constructor as new (length: number) => Exclude<TensorData, string[]>)(length)
  let offset = 0
  for (const part of parts) {
    // Equal datatypes, so equal array types: bigint arrays never meet number arrays here.
    ;(whole as Uint8Array).set(part as Uint8Array, offset)
    offset += part.length
  }
  return whole
}
