import type { Tensor, TensorData } from '@roundhouse/sdk/contract'
import type { Field } from './fields.ts'

export type BadRow = {
  /** Among the rows of the chunk. */
  readonly index: number
  readonly line: number
  readonly reason: string
}

/** Rows that follow each other in the file. */
export type Chunk = {
  /** Bad ones included. */
  readonly rows: number
  readonly bad: readonly BadRow[]
  /** Of each good row. */
  readonly lines: readonly number[]
  /** Of the good rows, in the order of the inputs. Nothing without good rows. */
  readonly tensors: readonly Tensor[]
}

/** Takes records until there are enough for a chunk. */
export type RowReader = {
  /** False: it does not fit to the rows before it; take those first. */
  add(bytes: Buffer, start: number, end: number, line: number, quoted: boolean): boolean
  refuse(line: number, reason: string): void
  readonly rows: number
  take(): Chunk
}

/** Of the good rows of a field: the elements lie one after the other. */
export function rowsTensor(
  field: Field,
  rows: number,
  rowShape: readonly number[],
  data: TensorData,
): Tensor {
  const shape = field.stacked ? [rows, ...rowShape] : rowShape
  return { name: field.name, datatype: field.datatype, shape, data }
}
