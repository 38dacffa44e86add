import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { literalOf } from './literal.ts'
import { isList, type Single, type Value } from './values.ts'

type Spec = Pick<TensorSpecBody, 'dtype' | 'shape'>

/**
 * Lines of values, separated by commas, semicolons, tabs or blanks, as the nested array of a tensor; a first line that
 * holds names is passed over. Texts are separated by commas, and in quotes where they hold one.
 * @throws Error with a sentence for who wrote it.
 */
export function gridJson({ dtype, shape }: Spec, text: string): string {
  const cells = linesOf(text).map(line => splitLine(line, dtype === 'BYTES'))
  if (cells.length > 1 && cells[0]?.every(cell => !isLiteral(dtype, cell))) cells.shift()
  const rows = cells.map((row, index) => row.map(cell => inLine(index, () => literalOf(dtype, cell))))
  if (shape.length === 1) {
    const values = rows.flat()
    assertCount('values', values.length, shape[0] ?? null)
    return arrayOf(values)
  }
  const [height = null, width = null] = shape.slice(-2)
  assertCount('lines', rows.length, height)
  for (const [index, row] of rows.entries())
    inLine(index, () => assertCount('values', row.length, width ?? rows[0]?.length ?? null))
  const grid = arrayOf(rows.map(arrayOf))
  return '['.repeat(shape.length - 2) + grid + ']'.repeat(shape.length - 2)
}

/** The lines that `gridJson` reads as this value. */
export function gridText(value: Value): string {
  return rowsOf(value).map(lineOf).join('\n')
}

/** Whether lines of values say all there is to say of a shape. */
export function isGrid(shape: Spec['shape']): boolean {
  return shape.length > 0 && shape.slice(0, -2).every(size => size === null || size === 1)
}

/** The rows of the last two dimensions, one after the other; a vector is one. */
export function rowsOf(value: Value): (readonly Single[])[] {
  if (!isList(value)) return [[value]]
  const singles = value.filter((item): item is Single => !isList(item))
  return singles.length === value.length ? [singles] : value.flatMap(rowsOf)
}

export function lineOf(row: readonly Single[]): string {
  return row
    .map(String)
    .map(text => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(', ')
}

export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter(line => line.trim() !== '')
}

/** Texts may hold blanks, so that commas alone are between them. */
export function splitLine(line: string, hasTexts: boolean): string[] {
  if (!hasTexts) return line.trim().split(/[\s,;]+/)
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain?.trim() ?? '',
  )
}

/** @throws Error whose sentence begins with the number of the line. */
export function inLine<Result>(index: number, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Error(`Line ${index + 1}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

export function isLiteral(dtype: Spec['dtype'], cell: string): boolean {
  try {
    literalOf(dtype, cell)
    return true
  } catch {
    return false
  }
}

function assertCount(what: string, count: number, wanted: number | null): void {
  if (wanted !== null && count !== wanted)
    throw new Error(`There are ${count} ${what} where ${wanted} belong.`)
  if (count === 0) throw new Error('There is no value.')
}

function arrayOf(items: readonly string[]): string {
  return `[${items.join()}]`
}
