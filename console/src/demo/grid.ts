import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { literalOf } from './literal.ts'

type Spec = Pick<TensorSpecBody, 'dtype' | 'shape'>

/**
 * Lines of values, separated by commas, semicolons, tabs or blanks, as the nested array of a tensor; a first line that
 * holds names is passed over. Texts are separated by commas, and in quotes where they hold one.
 * @throws Error with a sentence for who wrote it.
 */
export function gridJson({ dtype, shape }: Spec, text: string): string {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const cells = lines.map(line => (dtype === 'BYTES' ? textCells(line) : line.trim().split(/[\s,;]+/)))
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

/** Whether lines of values say all there is to say of a shape. */
export function isGrid(shape: Spec['shape']): boolean {
  return shape.length > 0 && shape.slice(0, -2).every(size => size === null || size === 1)
}

function textCells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain?.trim() ?? '',
  )
}

function isLiteral(dtype: Spec['dtype'], cell: string): boolean {
  if (dtype === 'BYTES') return true
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

function inLine<Value>(index: number, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw new Error(`Line ${index + 1}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function arrayOf(items: readonly string[]): string {
  return `[${items.join()}]`
}
