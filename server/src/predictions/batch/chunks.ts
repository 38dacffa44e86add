import type { Readable } from 'node:stream'
import { longestRecordBytes, type Position, type Records } from '../../kit/csv/records.ts'
import type { Chunk, RowReader } from './chunk.ts'

/** A chunk, and where in the file the rows after it begin. */
export type PlacedChunk = Chunk & { readonly next: Position }

/** Of text: rows may be as long as a record, and few of those are enough for a run. */
const chunkBytes = 4 * longestRecordBytes

/**
 * The rows of the file in chunks of `rowsPerChunk`. What a chunk is made of depends on nothing but the rows from the
 * start of the file on, so that a run that begins anew at a chunk gives what the one before would have given.
 */
export async function* chunksOf(
  source: Readable,
  records: Records,
  reader: RowReader,
  rowsPerChunk: number,
): AsyncGenerator<PlacedChunk, void> {
  let bytes = 0
  /** Behind the last record that the reader has. */
  let next = records.position()

  function take(): PlacedChunk {
    bytes = 0
    return { ...reader.take(), next }
  }

  function* taken(): Generator<PlacedChunk, void> {
    while (records.next()) {
      const { line, start, end } = records
      if (records.tooLong) reader.refuse(line, `The row is longer than ${longestRecordBytes} bytes.`)
      else if (!reader.add(records.bytes, start, end, line, records.quoted)) {
        yield take()
        reader.add(records.bytes, start, end, line, records.quoted)
      }
      bytes += records.tooLong ? 0 : end - start
      next = records.position()
      if (reader.rows >= rowsPerChunk || bytes >= chunkBytes) yield take()
    }
  }

  yield* taken()
  for await (const piece of source) {
    records.push(piece)
    yield* taken()
  }
  records.finish()
  yield* taken()
  if (reader.rows > 0) yield take()
}
