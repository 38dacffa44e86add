import { isProblem, Problem, parseJson, readElements, type TensorData } from '@roundhouse/sdk/contract'
import { joinElements } from '../../models/rows.ts'
import { type BadRow, type RowReader, rowsTensor } from './chunk.ts'
import type { Field } from './fields.ts'

type Row = { shape: number[]; data: TensorData }[]

/** Reads lines of JSON into tensors: `{"<input>": value of one row}`, or the value alone where there is one input. */
export function createJsonRows(inputs: readonly Field[]): RowReader {
  const exactIntegers = inputs.some(({ datatype }) => datatype === 'INT64' || datatype === 'UINT64')
  let rows: Row[] = []
  let lines: number[] = []
  let bad: BadRow[] = []

  const reader: RowReader = {
    get rows() {
      return rows.length + bad.length
    },
    add(bytes, start, end, line) {
      try {
        const row = rowOf(valuesOf(parseJson(bytes.subarray(start, end), { exactIntegers })))
        if (rows[0] && !haveEqualShapes(rows[0], row)) return false
        rows.push(row)
        lines.push(line)
      } catch (error) {
        if (!isProblem(error)) throw error
        // The place within the line is said by the position already.
        reader.refuse(
          line,
          error.message.replace(/ \(line 1, column \d+\)/, '').replace('The body', 'The line'),
        )
      }
      return true
    },
    refuse(line, reason) {
      bad.push({ index: rows.length + bad.length, line, reason })
    },
    take() {
      const chunk = { rows: reader.rows, bad, lines, tensors: tensors() }
      rows = []
      lines = []
      bad = []
      return chunk
    },
  }
  return reader

  function tensors() {
    const [first] = rows
    if (!first) return []
    return inputs.map((field, index) => {
      const data = joinElements(rows.map(row => row[index]?.data ?? []))
      return rowsTensor(field, rows.length, first[index]?.shape ?? [], data)
    })
  }

  function valuesOf(value: unknown): unknown[] {
    const [only] = inputs
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if (only && inputs.length === 1) return [value]
      throw new Problem(
        'invalid-tensor',
        `Expected an object with ${namesOf(inputs)}, got ${describe(value)}.`,
      )
    }
    const given = new Map(Object.entries(value))
    const values = inputs.map(({ name }) => {
      if (given.has(name)) return given.get(name)
      throw new Problem('invalid-tensor', `Input ${quoted(name)} is missing.`)
    })
    const unknown = [...given.keys()].find(name => !inputs.some(field => field.name === name))
    if (unknown === undefined) return values
    throw new Problem(
      'invalid-tensor',
      `The model has no input ${quoted(unknown.slice(0, 40))}. It takes ${namesOf(inputs)}.`,
    )
  }

  function rowOf(values: readonly unknown[]): Row {
    return inputs.map((field, index) => {
      const shape = shapeOf(field, values[index])
      return { shape, data: readElements(field, shape, values[index]) }
    })
  }
}

/** That of the model; free sizes follow from the nesting. */
function shapeOf(field: Field, value: unknown): number[] {
  const shape: number[] = []
  let inner = value
  for (const size of field.shape) {
    if (size === null && !Array.isArray(inner))
      throw new Problem(
        'invalid-tensor',
        `Input ${quoted(field.name)}: expected ${field.shape.length} levels of arrays, got ${shape.length}.`,
      )
    shape.push(size ?? (Array.isArray(inner) ? inner.length : 0))
    inner = Array.isArray(inner) ? inner[0] : undefined
  }
  return shape
}

function haveEqualShapes(left: Row, right: Row): boolean {
  return left.every(({ shape }, index) => shape.every((size, at) => size === right[index]?.shape[at]))
}

function namesOf(inputs: readonly Field[]): string {
  return inputs.map(({ name }) => quoted(name)).join(', ')
}

/** As in the messages of the tensors. */
function quoted(name: string): string {
  return `'${name}'`
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
