import { halfToNumber } from './half.ts'
import type { Tensor } from './tensor.ts'

/**
 * The `count` highest elements of each row as strings "<value>:<index>", highest first, NaN last, the lower index first
 * among equals. The first dimension counts rows, [rows, count]; a vector or a scalar is one row, [count].
 * Source: Triton, "Classification extension".
 */
export function classify(tensor: Tensor, count: number): Tensor {
  const { name, shape, data } = tensor
  const [rows, rowShape] = shape.length > 1 ? [shape[0] ?? 1, shape.slice(1)] : [undefined, shape]
  const rowLength = rowShape.reduce((product, size) => product * size, 1)
  const kept = Math.min(count, rowLength)
  const elements: ArrayLike<Element> = data
  const values =
    tensor.datatype === 'FP16' ? Array.from(elements, bits => halfToNumber(Number(bits))) : elements
  const texts: string[] = []
  for (let start = 0; start < values.length; start += rowLength) {
    const row = Array.from({ length: rowLength }, (_, index): Element => values[start + index] ?? 0)
    const order = [...row.keys()].sort((a, b) => compare(row[a] ?? 0, row[b] ?? 0) || a - b)
    for (const index of order.slice(0, kept)) texts.push(`${row[index]}:${index}`)
  }
  return { name, datatype: 'BYTES', shape: rows === undefined ? [kept] : [rows, kept], data: texts }
}

type Element = number | bigint | string

function compare(a: Element, b: Element): number {
  if (a > b) return -1
  if (b > a) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}
