import { nestedJson, Problem, type Tensor } from '@roundhouse/sdk/contract'
import { sliceRows } from '../../models/rows.ts'
import { columnNames, type Field, isSingle } from './fields.ts'

/** Of the result file. A record of a bad row is there and empty, so that the records are those of the input in order. */
export type ResultText = {
  /** With the end of the line; nothing for JSON lines. */
  readonly head: string
  readonly bad: string
  /** One text for each row, without the end of the line. */
  rows(outputs: readonly Tensor[], rows: number): string[]
}

/** `{"<output>": value of one row}` in each line, null for bad ones. */
export function jsonText(outputs: readonly Field[]): ResultText {
  return {
    head: '',
    bad: `{${outputs.map(({ name }) => `${JSON.stringify(name)}:null`).join(',')}}`,
    rows: (tensors, rows) =>
      joined(
        tensors.map(tensor => valuesOf(tensor, fieldOf(outputs, tensor), rows, jsonRow)),
        outputs.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
        '}',
      ),
  }
}

/**
 * Columns named like the outputs, `name[0]`, `name[1]`, ... where a row has several values.
 * @param widths Elements of a row, of each output.
 */
export function csvText(outputs: readonly Field[], widths: readonly number[]): ResultText {
  const names = outputs.flatMap((field, index) =>
    columnNames(field.name, widths[index] ?? 0, isSingle(field)),
  )
  return {
    head: `${names.map(name => quoted(name)).join(',')}\n`,
    // An empty line would be passed over by whoever reads it.
    bad: names.length === 1 ? '""' : ','.repeat(Math.max(0, names.length - 1)),
    rows(tensors, rows) {
      for (const [index, tensor] of tensors.entries()) {
        const width = widthOf(tensor, fieldOf(outputs, tensor), rows)
        if (width !== widths[index]) throw uneven(tensor.name, widths[index] ?? 0, width)
      }
      return joined(
        tensors.map(tensor => valuesOf(tensor, fieldOf(outputs, tensor), rows, csvRow)),
        outputs.map((_, index) => (index === 0 ? '' : ',')),
        '',
      )
    },
  }
}

function uneven(name: string, expected: number, got: number): Problem {
  return new Problem(
    'invalid-request',
    `The output ${name} has ${expected} values in some rows and ${got} in others, which columns cannot hold. Ask for output=jsonl.`,
  )
}

/** Elements that a row of this tensor has. */
export function widthOf(tensor: Tensor, field: Field, rows: number): number {
  return isStacked(tensor, field, rows) ? tensor.data.length / rows : tensor.data.length
}

/** What a single row gave may be of any shape. */
function isStacked({ name, shape }: Tensor, { stacked }: Field, rows: number): boolean {
  if (stacked && shape[0] === rows) return true
  if (rows === 1) return false
  throw new Problem('model-failed', `Of ${rows} rows the output ${name} has the shape [${shape}].`)
}

function fieldOf(outputs: readonly Field[], tensor: Tensor): Field {
  const { name, datatype } = tensor
  const found = outputs.find(output => output.name === name)
  return found ?? { name, datatype, shape: [], width: null, stacked: true }
}

type RowText = (tensor: Tensor) => string

function valuesOf(tensor: Tensor, field: Field, rows: number, rowText: RowText): string[] {
  if (!isStacked(tensor, field, rows)) return [rowText(tensor)]
  const perRow = tensor.data.length / rows
  if (!Array.isArray(tensor.data) && perRow > 0 && tensor.shape.length <= 2)
    return manyNumbers(tensor, perRow, rowText)
  const rowShape = tensor.shape.slice(1)
  return Array.from({ length: rows }, (_, row) => {
    const [one] = sliceRows([tensor], row, row + 1)
    return rowText({ ...(one ?? tensor), shape: rowShape })
  })
}

/** All at once and then cut: half the time of one after the other. No number has a comma or bracket in its text. */
function manyNumbers(tensor: Tensor, perRow: number, rowText: RowText): string[] {
  const text = nestedJson(tensor)
  const isCsv = rowText === csvRow
  if (tensor.shape.length === 1) return bare(text.slice(1, -1), isCsv).split(',')
  const rows = bare(text.slice(2, -2), isCsv).split('],[')
  return isCsv && perRow > 0 ? rows : rows.map(row => `[${row}]`)
}

/** "NaN" and "Infinity" have quotes in JSON. */
function bare(text: string, isCsv: boolean): string {
  return isCsv && text.includes('"') ? text.replaceAll('"', '') : text
}

function jsonRow(tensor: Tensor): string {
  return nestedJson(tensor)
}

function csvRow(tensor: Tensor): string {
  if (Array.isArray(tensor.data)) return tensor.data.map(text => quoted(harmless(text))).join(',')
  return nestedJson(tensor).replace(/[[\]"]/g, '')
}

/** A spreadsheet would take it for a formula. Source: OWASP, CSV Injection. */
function harmless(text: string): string {
  return /^[=+\-@]/.test(text) ? `'${text}` : text
}

/** RFC 4180. An empty text is quoted, so that it is told from a bad row. */
function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Row by row: the value of each output behind its lead. */
function joined(values: readonly string[][], leads: readonly string[], tail: string): string[] {
  const [first = [], ...others] = values
  const lead = leads[0] ?? ''
  return first.map((value, row) => {
    let text = lead + value
    for (const [index, other] of others.entries()) text += (leads[index + 1] ?? ',') + (other[row] ?? '')
    return text + tail
  })
}
