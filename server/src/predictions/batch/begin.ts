import type { Readable } from 'node:stream'
import { type BatchFormat, Problem } from '@roundhouse/sdk/contract'
import { cellsOf } from '../../kit/csv/csv-cells.ts'
import { createRecords, type Position } from '../../kit/csv/records.ts'
import type { LoadedModel } from '../../models/loader.ts'
import type { RowReader } from './chunk.ts'
import { chunksOf } from './chunks.ts'
import { columnsOf } from './csv-header.ts'
import { createCsvRows } from './csv-rows.ts'
import { type Field, fieldOf } from './fields.ts'
import { createJsonRows } from './json-rows.ts'
import { csvText, jsonText, type ResultText, widthOf } from './result-text.ts'
import type { RunRows } from './run-rows.ts'

/** What of the first attempt later ones keep to, so that all of them give the same bytes. */
export type Begin = { rows_per_chunk: number; widths: number[] }

/** How rows are read, and from where. */
export type Input = { readonly begin: Position; rows(capacity: number): RowReader }

type Open = (offset: number) => Promise<Readable>

/** 1,024 rows of a small model take 2 ms on this thread and make what surrounds a run cheap. */
const mostRows = 1024
/** A chunk whose rows run one by one. */
const mostRowsAlone = 64
/** Others wait that long for the lane of the model. */
const longestRunMs = 50
const chunkBytes = 16 * 1024 * 1024
const bytesPerElement = 8

/** @throws Problem `invalid-request` when the first line does not fit the model. */
export async function openInput(format: BatchFormat, inputs: readonly Field[], open: Open): Promise<Input> {
  if (format === 'jsonl') return { begin: { offset: 0, line: 1 }, rows: () => createJsonRows(inputs) }
  const source = await open(0)
  const records = createRecords({ csv: true, from: { offset: 0, line: 1 } })
  try {
    let found = false
    for await (const piece of source) {
      records.push(piece)
      found = records.next()
      if (found) break
    }
    if (!found) {
      records.finish()
      found = records.next()
    }
    if (!found) throw new Problem('invalid-request', 'The file is empty.')
    const columns = columnsOf(headerOf(records), inputs)
    return { begin: records.position(), rows: capacity => createCsvRows(inputs, columns, capacity) }
  } finally {
    source.on('error', () => {}).destroy()
  }
}

/** The names in the first line. @throws Problem `invalid-request` when it cannot be read. */
export function headerOf(records: { bytes: Buffer; start: number; end: number; tooLong: boolean }): string[] {
  const { bytes, start, end, tooLong } = records
  const names = tooLong ? undefined : cellsOf(bytes, start, end)
  if (names) return names.map(name => name.trim())
  throw new Problem(
    'invalid-request',
    'The first line cannot be read: it must hold the names of the columns, in UTF-8, with commas between.',
  )
}

/** Rows of a run: what the model gains nothing more by, or would keep others waiting for, is too many. */
export function rowsPerChunk({ plan, signature }: LoadedModel): number {
  const inputs = signature.inputs.map(fieldOf)
  if (inputs.some(field => !field.stacked)) return 1
  const elements = [...inputs, ...signature.outputs.map(fieldOf)].reduce(
    (sum, field) => sum + (field.width ?? 0),
    1,
  )
  const byTime = plan.batching ? Math.max(plan.maxRows, longestRunMs / plan.msPerRow) : mostRowsAlone
  const rows = Math.min(mostRows, byTime, chunkBytes / (elements * bytesPerElement))
  // A power of two, as the parts that the batcher may cut it into are.
  return 2 ** Math.floor(Math.log2(Math.max(1, rows)))
}

/** Elements of a row of each output: declared, or what the first row gives; only columns need to know. */
export async function widthsOf(options: {
  outputs: readonly Field[]
  input: Input
  csv: boolean
  open: Open
  run: RunRows
  rowsPerChunk: number
}): Promise<number[]> {
  const { outputs, input, csv, open, run } = options
  const declared = outputs.flatMap(field => field.width ?? [])
  if (declared.length === outputs.length) return declared
  const source = await open(input.begin.offset)
  try {
    const records = createRecords({ csv, from: input.begin })
    const reader = input.rows(options.rowsPerChunk)
    for await (const chunk of chunksOf(source, records, reader, options.rowsPerChunk)) {
      for (const piece of await run(chunk.tensors, chunk.lines.length)) {
        if ('reason' in piece) continue
        return outputs.map((field, index) => {
          const tensor = piece.outputs[index]
          return tensor ? widthOf(tensor, field, piece.rows) : 0
        })
      }
    }
    return outputs.map(field => field.width ?? 1)
  } finally {
    source.on('error', () => {}).destroy()
  }
}

export function textFor(
  format: BatchFormat,
  outputs: readonly Field[],
  widths: readonly number[],
): ResultText {
  return format === 'csv' ? csvText(outputs, widths) : jsonText(outputs)
}
