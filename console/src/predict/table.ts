import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { inLine, isLiteral, lineOf, linesOf, splitLine } from './grid.ts'
import { arrayText, literalOf } from './literal.ts'
import { cellsOf, isList, type Values } from './values.ts'

type Spec = Pick<TensorSpecBody, 'name' | 'dtype' | 'shape'>
type Column = { name: string; input: Spec }

/** More are no longer read as columns by people. */
const mostColumns = 4096

/** Of a sample of all inputs, as batches name them; undefined where a sample is no row of a table. */
export function columnsOf(inputs: readonly Spec[]): Column[] | undefined {
  const columns: Column[] = []
  for (const input of inputs) {
    const width = widthOf(input)
    if (width === undefined || columns.length + width > mostColumns) return undefined
    const isOne = input.shape.length === 1
    for (let at = 0; at < width; at++)
      columns.push({ name: isOne ? input.name : `${input.name}[${at}]`, input })
  }
  return columns.length === 0 ? undefined : columns
}

/**
 * JSON of `input_data` for a sample per line, the inputs one after the other. A first line with the names of the columns
 * says their order; another without values is passed over.
 * @throws Error with a sentence for who wrote it.
 */
export function tableJson(inputs: readonly Spec[], text: string): string {
  const columns = columnsOf(inputs)
  if (!columns) throw new Error('A sample of this model is no row of a table: send JSON.')
  const hasTexts = inputs.some(({ dtype }) => dtype === 'BYTES')
  const lines = linesOf(text)
  const cells = lines.map(line => splitLine(line, hasTexts))
  const [first = []] = cells
  const order = orderOf(columns, first)
  const hasNames =
    order !== undefined || first.every((cell, at) => !isLiteral(columns[at]?.input.dtype ?? 'FP32', cell))
  const samples = (hasNames ? cells.slice(1) : cells).map((row, index) =>
    inLine(index + Number(hasNames), () => {
      if (row.length !== (order ?? columns).length)
        throw new Error(`There are ${row.length} values where ${(order ?? columns).length} belong.`)
      return columns.map(({ input }, at) => literalOf(input.dtype, row[order?.[at] ?? at] ?? ''))
    }),
  )
  if (samples.length === 0) throw new Error('There is no value.')
  let from = 0
  const parts = inputs.map(input => {
    const width = widthOf(input) ?? 0
    const rows = samples.map(sample => arrayText(input.shape.slice(1), sample.slice(from, from + width)))
    from += width
    return `${JSON.stringify(input.name)}:[${rows.join()}]`
  })
  return `{${parts.join()}}`
}

/** With the names of the columns above; undefined when the inputs have not the same number of samples. */
export function tableText(inputs: readonly Spec[], values: Values): string | undefined {
  const columns = columnsOf(inputs)
  const samples = inputs.map(({ name }) => values[name] ?? null)
  const [first] = samples
  if (!columns || first === undefined || !isList(first)) return undefined
  if (!samples.every(value => isList(value) && value.length === first.length)) return undefined
  const lines = first.map((_, row) =>
    lineOf(samples.flatMap(value => (isList(value) ? cellsOf(value[row] ?? null) : []))),
  )
  return [lineOf(columns.map(({ name }) => name)), ...lines].join('\n')
}

/** Where in a line the columns stand; undefined when it does not name each. */
function orderOf(columns: readonly Column[], names: readonly string[]): number[] | undefined {
  const places = columns.map(({ name }) => names.indexOf(name))
  return places.includes(-1) ? undefined : places
}

function widthOf({ shape: [samples, ...rest] }: Spec): number | undefined {
  if (samples !== null || rest.includes(null)) return undefined
  return rest.reduce<number>((product, size) => product * (size ?? 1), 1)
}
