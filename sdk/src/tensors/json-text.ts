import { Problem } from '../contract/problem.ts'
import { shapeText } from './elements.ts'
import { float32Text, floatText } from './float32-text.ts'
import { halfToNumber } from './half.ts'
import { quoteName } from './names.ts'
import type { Tensor } from './tensor.ts'

const maxEmptyArrays = 1_000_000

/**
 * The elements as one flat JSON array. Non-finite values are the strings "NaN", "Infinity", "-Infinity";
 * 64-bit integers are all their digits; FP16 is printed as numbers.
 * @throws Problem `invalid-tensor` for a string with a lone surrogate.
 */
export function flatJson(tensor: Tensor): string {
  return `[${elementsText(tensor, 0, tensor.data.length)}]`
}

/**
 * The elements as JSON arrays nested by shape; a scalar is its bare value.
 * @throws Problem `invalid-tensor` for a string with a lone surrogate.
 */
export function nestedJson(tensor: Tensor): string {
  const { shape } = tensor
  if (shape.length === 0) return elementsText(tensor, 0, 1)
  if (tensor.data.length === 0) refuseManyEmpty(tensor)
  if (shape.length === 1) return flatJson(tensor)
  const [rows = 0, rowLength = 0] = shape.slice(-2)
  let start = 0
  const write = (level: number): string => {
    const size = shape[level] ?? 0
    if (size === 0) return '[]'
    if (level < shape.length - 2) return `[${Array.from({ length: size }, () => write(level + 1)).join(',')}]`
    const text = rowsText(tensor, start, rows, rowLength)
    start += rows * rowLength
    return `[[${text}]]`
  }
  return write(0)
}

/** The rows from element `start` on, with `],[` between. */
function rowsText(tensor: Tensor, start: number, rows: number, rowLength: number): string {
  if (tensor.data instanceof Float32Array && rowLength > 0) {
    return float32Text(tensor.data, start, start + rows * rowLength, rowLength)
  }
  const texts: string[] = []
  for (let row = 0, at = start; row < rows; row++, at += rowLength)
    texts.push(elementsText(tensor, at, at + rowLength))
  return texts.join('],[')
}

/** A shape such as [10^9,0] has no elements, and yet 10^9 pairs of brackets. */
function refuseManyEmpty(tensor: Tensor): void {
  const arrays = tensor.shape.slice(0, tensor.shape.indexOf(0)).reduce((product, size) => product * size, 1)
  if (arrays <= maxEmptyArrays) return
  throw new Problem(
    'invalid-tensor',
    `${quoteName(tensor.name)}: shape ${shapeText(tensor.shape)} is too many empty arrays to write as nested JSON.`,
  )
}

/** Elements `start` to `end` (not included) with commas between. */
function elementsText(tensor: Tensor, start: number, end: number): string {
  const { datatype, data } = tensor
  if (Array.isArray(data)) return stringsText(tensor.name, data.slice(start, end))
  if (data instanceof Float32Array) return float32Text(data, start, end)
  if (data instanceof Float64Array) return Array.from(data.subarray(start, end), floatText).join(',')
  const part: ArrayLike<number | bigint> = data.subarray(start, end)
  if (datatype === 'FP16') return Array.from(part, bits => floatText(halfToNumber(Number(bits)))).join(',')
  if (datatype === 'BOOL') return Array.from(part, bit => (bit ? 'true' : 'false')).join(',')
  return data.subarray(start, end).join(',')
}

function stringsText(name: string, strings: readonly string[]): string {
  const index = strings.findIndex(text => !text.isWellFormed())
  if (index < 0) return JSON.stringify(strings).slice(1, -1)
  throw new Problem('invalid-tensor', `${quoteName(name)}: lone surrogate in a string.`)
}
