import { cellsOf } from '../../kit/csv/csv-cells.ts'
import { createRecords } from '../../kit/csv/records.ts'
import type { Block } from '../../ports/document-reader.ts'
import { Unreadable } from './unreadable.ts'

/** A row for each record, below the names of its columns: the first record. Semicolons and tabs count as commas where the first line has no comma. */
export function csvBlocks(text: string): Block[] {
  const records = createRecords({ csv: true, from: { offset: 0, line: 1 } })
  records.push(Buffer.from(withCommas(text)))
  records.finish()
  const blocks: Block[] = []
  let columns: string | undefined
  while (records.next()) {
    const { bytes, start, end, line, tooLong } = records
    if (tooLong) throw new Unreadable(`line ${line} of it is too long, or has a quote that is never closed`)
    const cells = cellsOf(bytes, start, end)
    if (!cells) throw new Unreadable(`line ${line} of it is no row of CSV`)
    const row = cells.map(cell => cell.replaceAll(/\s+/g, ' ').trim()).join(' | ')
    if (columns === undefined) columns = row
    else blocks.push({ text: row, columns, firstLine: line, lastLine: records.position().line - 1 })
  }
  // Nothing but names is all that it says.
  return blocks.length === 0 && columns !== undefined
    ? [{ text: columns, firstLine: 1, lastLine: 1 }]
    : blocks
}

/** Outside of quotes. What was a comma then needs quotes, of which there are none: such files have decimal commas. */
function withCommas(text: string): string {
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'))
  const separator = first.includes(',') ? ',' : first.includes(';') ? ';' : '\t'
  if (separator === ',') return text
  return text
    .split(/("[^"]*")/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/[^;\t\n]+/g, cell => (cell.includes(',') ? `"${cell.replaceAll('"', '""')}"` : cell))
            .replaceAll(separator, ','),
    )
    .join('')
}
