import { isUtf8 } from 'node:buffer'
import { createElements, isProblem, readElements, type TensorData } from '@roundhouse/sdk/contract'
import { createNumberReader } from '../../kit/csv/bytes.ts'
import { cellsOf } from '../../kit/csv/csv-cells.ts'
import { type BadRow, type Chunk, type RowReader, rowsTensor } from './chunk.ts'
import type { Column } from './csv-header.ts'
import type { Field } from './fields.ts'

const comma = 0x2c
/** Halfway between the largest FP32 and 2^128: from here on a number rounds to infinity. */
const float32Limit = 2 ** 128 - 2 ** 103
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const integer = /^([+-]?\d+)(\.0*)?$/
/** As Python and NumPy write them. */
const notFinite: Readonly<Record<string, string>> = {
  nan: 'NaN',
  inf: 'Infinity',
  infinity: 'Infinity',
  '-inf': '-Infinity',
  '-infinity': '-Infinity',
}

/** Reads records of CSV into tensors, up to `capacity` rows. */
export function createCsvRows(
  inputs: readonly Field[],
  columns: readonly (Column | undefined)[],
  capacity: number,
): RowReader {
  const numbers = createNumberReader()
  const widths = inputs.map(field => field.width ?? 0)
  let data: TensorData[] = []
  let lines: number[] = []
  let bad: BadRow[] = []
  let reason = ''
  begin()

  const reader: RowReader = {
    get rows() {
      return lines.length + bad.length
    },
    add(bytes, start, end, line, quoted) {
      if (quoted ? readCells(cellsOf(bytes, start, end)) : readBytes(bytes, start, end)) lines.push(line)
      else reader.refuse(line, reason)
      return true
    },
    refuse(line, why) {
      bad.push({ index: lines.length + bad.length, line, reason: why })
    },
    take() {
      const chunk: Chunk = { rows: reader.rows, bad, lines, tensors: tensors() }
      begin()
      return chunk
    },
  }
  return reader

  function begin(): void {
    data = inputs.map((field, index) => createElements(field.datatype, capacity * (widths[index] ?? 0)))
    lines = []
    bad = []
  }

  function tensors() {
    const rows = lines.length
    if (rows === 0) return []
    return inputs.map((field, index) => {
      const whole = data[index] ?? []
      const length = rows * (widths[index] ?? 0)
      const part = Array.isArray(whole) ? whole.slice(0, length) : whole.subarray(0, length)
      return rowsTensor(field, rows, sizesOf(field), part)
    })
  }

  function readBytes(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    for (let index = 0; index < columns.length; index++) {
      if (at > end) return refuseCount(index)
      const column = columns[index]
      const value = column ? numbers.read(bytes, at, end) : Number.NaN
      let stop = numbers.stop
      // Else it is for the slow way: quoted numbers, blanks, many digits, texts.
      const isPlain = !Number.isNaN(value) && (stop === end || bytes[stop] === comma)
      if (!isPlain) {
        const found = bytes.indexOf(comma, at)
        stop = found < 0 || found > end ? end : found
      }
      if (column && !(isPlain && store(column, value)) && !storeBytes(column, bytes, at, stop)) return false
      at = stop + 1
    }
    return at > end || refuseCount(columns.length + countCells(bytes, at, end))
  }

  function readCells(cells: readonly string[] | undefined): boolean {
    if (!cells) {
      reason = 'A quote is not closed, text follows a closing quote, or the text is not UTF-8.'
      return false
    }
    if (cells.length !== columns.length) return refuseCount(cells.length)
    return cells.every((cell, index) => {
      const column = columns[index]
      return !column || storeText(column, cell)
    })
  }

  function placeOf({ input, element }: Column): number {
    return lines.length * (widths[input] ?? 0) + element
  }

  /** False: not by a plain number, or not at all. */
  function store(column: Column, value: number): boolean {
    const target = data[column.input]
    if (target instanceof Float32Array) {
      if (!(value > -float32Limit && value < float32Limit)) return false
      target[placeOf(column)] = value
      return true
    }
    if (target instanceof Float64Array) {
      target[placeOf(column)] = value
      return true
    }
    if (target instanceof Int32Array && (value | 0) === value) {
      target[placeOf(column)] = value
      return true
    }
    if (!(target instanceof BigInt64Array) || !Number.isSafeInteger(value)) return false
    target[placeOf(column)] = BigInt(value)
    return true
  }

  function storeBytes(column: Column, bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('utf8', start, end)
    if (!text.includes('\ufffd') || isUtf8(bytes.subarray(start, end))) return storeText(column, text)
    reason = `Column ${column.name}: the text is not UTF-8.`
    return false
  }

  /** By the rules that JSON is read with. */
  function storeText(column: Column, text: string): boolean {
    const field = inputs[column.input]
    const target = data[column.input]
    if (!field || !target) return false
    try {
      const [value] = readElements(field, [1], [jsonOf(text, field)])
      // Equal datatypes, so of equal kinds.
      ;(target as (typeof value)[])[placeOf(column)] = value
      return true
    } catch (error) {
      if (!isProblem(error)) throw error
      const wanted = /expected (.*), got /.exec(error.message)?.[1] ?? `a value of ${field.datatype}`
      const got = text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 40))
      reason = `Column ${column.name}: expected ${wanted}, got ${got}.`
      return false
    }
  }

  function refuseCount(cells: number): boolean {
    reason = `Expected ${columns.length} columns, got ${cells}.`
    return false
  }
}

/** What JSON would hold for the text; the text itself when it is nothing of the kind. */
function jsonOf(text: string, { datatype }: Field): unknown {
  if (datatype === 'BYTES') return text
  const cell = text.trim()
  const word = cell.toLowerCase()
  if (datatype === 'BOOL') {
    if (word === 'true' || word === '1') return true
    return word === 'false' || word === '0' ? false : cell
  }
  if (datatype.startsWith('FP')) {
    if (decimal.test(cell)) return Number(cell)
    return notFinite[word] ?? cell
  }
  const digits = integer.exec(cell)?.[1]
  if (digits === undefined) return cell
  return datatype.endsWith('64') ? BigInt(digits.replace('+', '')) : Number(digits)
}

function sizesOf({ shape }: Field): number[] {
  return shape.map(size => size ?? 0)
}

function countCells(bytes: Buffer, start: number, end: number): number {
  let cells = 1
  for (let at = bytes.indexOf(comma, start); at >= 0 && at < end; at = bytes.indexOf(comma, at + 1))
    cells += 1
  return cells
}
