import type { Block } from '../ports/document-reader.ts'
import type { Chunk } from './collection.ts'

type Sizes = { chunk_size: number; chunk_overlap: number }
type Unit = Omit<Block, 'heading'>

/**
 * Cuts a document into chunks of up to `chunk_size` characters. A chunk ends where a heading or a page comes; between them it
 * holds whole paragraphs and rows as far as they fit, and what is longer is cut at the end of a line, a sentence or a
 * word. Each begins with the last `chunk_overlap` characters of the one before in its section, in whole units or
 * sentences; rows of tables begin with the names of their columns instead.
 */
export function chunksOf(blocks: readonly Block[], sizes: Sizes): Chunk[] {
  const chunks: Chunk[] = []
  const path: string[] = []
  let section: Unit[] = []
  const end = () => {
    // There may be more of them than a call takes arguments.
    for (const chunk of sectionChunks(section, path.filter(Boolean), sizes)) chunks.push(chunk)
    section = []
  }
  for (const { heading, ...block } of blocks) {
    if (heading === undefined) section.push(block)
    else {
      end()
      path.length = Math.min(path.length, heading - 1)
      while (path.length < heading - 1) path.push('')
      path.push(block.text.slice(0, mostHeading))
    }
  }
  end()
  // A heading with nothing below it is in no path, unless there is nothing else.
  if (chunks.length === 0)
    return sectionChunks(
      blocks.map(({ heading: _, ...block }) => block),
      [],
      sizes,
    )
  return chunks
}

const mostHeading = 200

function sectionChunks(units: readonly Unit[], headings: readonly string[], sizes: Sizes): Chunk[] {
  const chunks: Chunk[] = []
  let taken: Unit[] = []
  let length = 0
  const end = () => {
    if (taken.length > 0) chunks.push(chunkOf(taken, headings))
  }
  for (const unit of units.flatMap(each => piecesOf(each, sizes))) {
    const [first] = taken
    if (!first) length = unit.columns?.length ?? 0
    // What it says of a page and of columns is to be true of all of it.
    const isOther = first && (first.columns !== unit.columns || first.page !== unit.page)
    if (isOther || length + lengthOf(unit) > sizes.chunk_size) {
      end()
      taken =
        isOther || unit.columns !== undefined
          ? []
          : tailOf(taken, Math.min(sizes.chunk_overlap, sizes.chunk_size - lengthOf(unit)))
      length = taken.reduce((sum, each) => sum + lengthOf(each), unit.columns?.length ?? 0)
    }
    taken.push(unit)
    length += lengthOf(unit)
  }
  end()
  return chunks
}

/** With the blank line behind it. */
function lengthOf({ text, columns }: Unit): number {
  return text.length + (columns === undefined ? 2 : 1)
}

function chunkOf(units: readonly Unit[], headings: readonly string[]): Chunk {
  const columns = units[0]?.columns
  const texts = units.map(({ text }) => text)
  return {
    text: columns === undefined ? texts.join('\n\n') : [columns, ...texts].join('\n'),
    headings,
    page: units[0]?.page ?? null,
    first_line: units[0]?.firstLine ?? null,
    last_line: units.at(-1)?.lastLine ?? null,
  }
}

/** The last units that fit, or of the last one its last sentences. */
function tailOf(units: readonly Unit[], most: number): Unit[] {
  const tail: Unit[] = []
  let left = most
  for (const unit of units.toReversed()) {
    if (lengthOf(unit) > left) {
      if (tail.length > 0) break
      const sentences = unit.text
        .slice(Math.max(0, unit.text.length - left))
        .replace(/^[\s\S]*?[.!?\n]\s+/, '')
      return sentences.length > 0 && sentences.length + 2 <= left ? [{ ...unit, text: sentences }] : []
    }
    tail.unshift(unit)
    left -= lengthOf(unit)
  }
  return tail
}

/** What is longer than a chunk in several, each with its own lines where its text has them. */
function piecesOf(unit: Unit, { chunk_size, chunk_overlap }: Sizes): Unit[] {
  const columns = unit.columns?.slice(0, Math.floor(chunk_size / 2))
  const most = chunk_size - 2 - (columns === undefined ? 0 : columns.length + 1)
  const whole = columns === undefined ? unit : { ...unit, columns }
  if (unit.text.length <= most) return [whole]
  // Room for what the piece before it ends with.
  const room = columns === undefined ? most - chunk_overlap : most
  const pieces: Unit[] = []
  // Of what is no row the lines of the text are those of the document.
  let line = columns === undefined ? unit.firstLine : undefined
  for (let at = 0; at < unit.text.length; ) {
    const stop = cutOf(unit.text, at, room)
    const text = unit.text.slice(at, stop)
    const lines = line === undefined ? {} : { firstLine: line, lastLine: line + newlines(text.trimEnd()) }
    if (text.trim() !== '') pieces.push({ ...whole, ...lines, text: text.trim() })
    if (line !== undefined) line += newlines(text)
    at = stop
  }
  return pieces
}

/** Behind the last end of a line, of a sentence or of a word, in the second half of what fits. */
function cutOf(text: string, at: number, most: number): number {
  if (text.length - at <= most) return text.length
  const window = text.slice(at, at + most)
  for (const sign of ['\n', '. ', '! ', '? ', '。', '; ', ', ', ' ']) {
    const found = window.lastIndexOf(sign)
    if (found >= most / 2) return at + found + sign.length
  }
  // Not between the halves of a surrogate pair.
  return at + (/[\ud800-\udbff]$/.test(window) ? most - 1 : most)
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
