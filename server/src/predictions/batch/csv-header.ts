import { Problem } from '@roundhouse/sdk/contract'
import { columnNames, type Field, isSingle } from './fields.ts'

/** Where the value of a column goes. */
export type Column = { readonly input: number; readonly element: number; readonly name: string }

/**
 * Of each column of the file, undefined for one that the model does not take. Columns are found by their names; when
 * there is one input and as many columns as it has elements, they are taken in order, whatever their names.
 * @throws Problem `invalid-request` that names the columns expected.
 */
export function columnsOf(header: readonly string[], inputs: readonly Field[]): (Column | undefined)[] {
  const wanted = inputs.flatMap((field, input) =>
    namesOf(field).map((name, element): Column => ({ input, element, name })),
  )
  const byName = new Map(wanted.map(column => [column.name, column]))
  const found = header.map(name => byName.get(name))
  const names = new Set(header)
  const missing = wanted.filter(({ name }) => !names.has(name))
  if (missing.length === 0) {
    const twice = header.find((name, index) => byName.has(name) && header.indexOf(name) !== index)
    if (twice !== undefined)
      throw new Problem('invalid-request', `The first line names the column ${JSON.stringify(twice)} twice.`)
    return found
  }
  if (inputs.length !== 1 || header.length !== wanted.length) throw unfitting(header, inputs)
  if (holdsData(header))
    throw new Problem(
      'invalid-request',
      `The first line holds numbers; it must hold the names of the columns, e.g. ${wanted[0]?.name}.`,
    )
  return wanted.map((column, index) => ({ ...column, name: header[index] ?? column.name }))
}

function namesOf(field: Field): string[] {
  if (field.width !== null) return columnNames(field.name, field.width, isSingle(field))
  throw new Problem(
    'invalid-request',
    `The input ${field.name} has sizes that each row may choose, which columns cannot hold. Send JSON lines.`,
  )
}

/** Columns that were never named are called 0, 1, 2 by those who write them: that is a header. */
function holdsData(header: readonly string[]): boolean {
  const isCount = header.every((cell, index) => Number(cell) === index || Number(cell) === index + 1)
  return !isCount && header.every(cell => cell.trim() !== '' && Number.isFinite(Number(cell)))
}

function unfitting(header: readonly string[], inputs: readonly Field[]): Problem {
  const expected = inputs.map(field => rangeOf(namesOf(field))).join(', ')
  const [only] = inputs
  const or = inputs.length === 1 ? `, or any ${only?.width} columns in the order of the input` : ''
  const shown = header.slice(0, 8).map(name => JSON.stringify(name.slice(0, 40)))
  const more = header.length > shown.length ? ', …' : ''
  return new Problem(
    'invalid-request',
    `The first line must name the columns of the model: expected ${expected}${or}; got ${header.length}: ${shown.join(', ')}${more}.`,
  )
}

function rangeOf(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names[0]} to ${names.at(-1)}`
}
