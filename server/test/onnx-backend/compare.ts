import type { Tensor } from '@roundhouse/sdk/contract'

/** |got - wanted| <= absolute + relative x |wanted|, as numpy's `allclose`. */
export type Tolerance = { readonly absolute: number; readonly relative: number }

/** What the reference asks for. */
export const usual: Tolerance = { absolute: 1e-5, relative: 1e-3 }

/** How `got` differs from `wanted` in one line; undefined when it is the same. */
export function difference(
  got: readonly Tensor[],
  wanted: readonly Tensor[],
  tolerance: Tolerance,
): string | undefined {
  for (const [position, tensor] of wanted.entries()) {
    const other = got[position]
    if (!other) return `output ${position} is missing`
    const type = `${tensor.datatype}[${tensor.shape}]`
    const otherType = `${other.datatype}[${other.shape}]`
    if (type !== otherType) return `output ${position} is ${otherType}, wanted ${type}`
    const index = firstDifference(other, tensor, tolerance)
    if (index >= 0) {
      return `output ${position}, element ${index} is ${other.data[index]}, wanted ${tensor.data[index]}`
    }
  }
  return undefined
}

function firstDifference(got: Tensor, wanted: Tensor, tolerance: Tolerance): number {
  for (let index = 0; index < wanted.data.length; index++) {
    if (!same(number(got, index), number(wanted, index), tolerance)) return index
  }
  return -1
}

function number(tensor: Tensor, index: number): number | bigint | string | undefined {
  const value = tensor.data[index]
  return tensor.datatype === 'FP16' ? new Float16Array(Uint16Array.of(Number(value)).buffer)[0] : value
}

function same(got: unknown, wanted: unknown, { absolute, relative }: Tolerance): boolean {
  if (Object.is(got, wanted) || got === wanted) return true
  if (typeof got !== 'number' || typeof wanted !== 'number') return false
  return Math.abs(got - wanted) <= absolute + relative * Math.abs(wanted)
}
