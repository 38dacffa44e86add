import type { Readable } from 'node:stream'
import { z } from 'zod'
import { createRecords, type Position } from '../../kit/csv/records.ts'
import type { Chunk, RowReader } from './chunk.ts'
import { chunksOf, type PlacedChunk } from './chunks.ts'
import { openPart, type Part } from './part.ts'
import type { ResultText } from './result-text.ts'
import type { Piece, RunRows } from './run-rows.ts'

/** What is done of a batch once it is done for good. */
export type Segment = {
  rows: number
  failed_rows: number
  /** It took a worker so long. */
  worked_ms: number
  /** Where the next begins; null when there is none. */
  next: { offset: number; line: number } | null
  /** Versions of the objects that hold the result and the bad rows; null when there are none. */
  result: string | null
  errors: string | null
  /** The first bad row, for people. */
  first_bad: string | null
}

/** What of it is to be paid. */
export const segmentWork = z.object({ rows: z.int(), failed_rows: z.int(), worked_ms: z.int() })

export type SegmentOptions = {
  csv: boolean
  from: Position
  open: (offset: number) => Promise<Readable>
  reader: RowReader
  rowsPerChunk: number
  run: RunRows
  text: ResultText
  store: (kind: 'result' | 'errors', source: Readable) => Promise<string>
  signal: AbortSignal
  /** Called with the rows of this segment so far. */
  progress: (rows: number) => void
  /** Milliseconds. */
  elapsed: () => number
}

/** A segment ends with the chunk in which it has so many rows, or has taken so long: that much is lost with a process. */
const segmentRows = 200_000
const segmentMs = 15_000
/** One per lane of the model, and one that waits. */
const chunksInFlight = 3

type Ran = { chunk: PlacedChunk; pieces: Piece[] }

/** Reads, runs and writes rows from one place of the file to another, chunk after chunk. */
export async function runSegment(options: SegmentOptions): Promise<Segment> {
  const { csv, from, run, store, signal, progress, elapsed } = options
  const segment: Segment = {
    rows: 0,
    failed_rows: 0,
    worked_ms: 0,
    next: null,
    result: null,
    errors: null,
    first_bad: null,
  }
  const startedAt = elapsed()
  const source = await options.open(from.offset)
  // A source that is destroyed while nothing is read from it tells nobody else.
  source.on('error', () => {})
  const records = createRecords({ csv, from })
  const flying: Promise<Ran>[] = []
  const result = openPart(stream => store('result', stream))
  let errors: Part | undefined

  async function write({ chunk, pieces }: Ran): Promise<void> {
    const { text, bad } = texts(chunk, pieces, options.text)
    await result.write(text)
    segment.rows += chunk.rows
    segment.failed_rows += bad.length
    segment.next = chunk.next
    const [first] = bad
    if (first) {
      segment.first_bad ??= `line ${first.line}: ${first.reason}`
      errors ??= openPart(stream => store('errors', stream))
      await errors.write(bad.map(row => `${JSON.stringify(row)}\n`).join(''))
    }
    progress(segment.rows)
  }

  /** False: enough for this segment. */
  async function readOn(): Promise<boolean> {
    for await (const chunk of chunksOf(source, records, options.reader, options.rowsPerChunk)) {
      signal.throwIfAborted()
      const running = run(chunk.tensors, chunk.lines.length).then(pieces => ({ chunk, pieces }))
      // Told of when its turn comes.
      running.catch(() => {})
      flying.push(running)
      if (flying.length < chunksInFlight) continue
      const ran = await flying.shift()
      if (ran) await write(ran)
      if (segment.rows >= segmentRows || elapsed() - startedAt >= segmentMs) return false
    }
    return true
  }

  function stop(): void {
    source.destroy(signal.reason)
    void result.abort(signal.reason)
    void errors?.abort(signal.reason)
  }

  signal.addEventListener('abort', stop)
  try {
    const isWhole = await readOn()
    for (const running of flying) await write(await running)
    if (isWhole) segment.next = null
    segment.result = segment.rows === 0 ? null : await result.finish()
    segment.errors = errors ? await errors.finish() : null
    segment.worked_ms = Math.round(elapsed() - startedAt)
    return segment
  } catch (error) {
    await errors?.abort(error)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    // Of what was stored there is nothing left to break off.
    if (segment.result === null) await result.abort(undefined)
    source.destroy()
  }
}

/** It may name what is in the file; of that the database takes neither NUL nor half of a surrogate pair. */
function storable(reason: string): string {
  return reason.replaceAll('\u0000', '\ufffd').toWellFormed()
}

/** The records of a chunk in the order of the file, and its bad rows: those that were no rows and those the model refused. */
function texts(
  chunk: Chunk,
  pieces: readonly Piece[],
  result: ResultText,
): { text: string; bad: { line: number; reason: string }[] } {
  const good: string[] = []
  const refused = new Map<number, string>()
  for (const piece of pieces) {
    if ('reason' in piece) {
      refused.set(good.length, piece.reason)
      good.push(result.bad)
    } else for (const row of result.rows(piece.outputs, piece.rows)) good.push(row)
  }
  if (chunk.bad.length === 0 && refused.size === 0) return { text: `${good.join('\n')}\n`, bad: [] }
  const bad: { line: number; reason: string }[] = []
  const unread = new Map(chunk.bad.map(row => [row.index, row]))
  let text = ''
  let at = 0
  for (let index = 0; index < chunk.rows; index++) {
    const row = unread.get(index)
    const reason = row?.reason ?? refused.get(at)
    if (reason !== undefined) bad.push({ line: row?.line ?? chunk.lines[at] ?? 0, reason: storable(reason) })
    text += `${row ? result.bad : (good[at] ?? '')}\n`
    if (!row) at += 1
  }
  return { text, bad }
}
