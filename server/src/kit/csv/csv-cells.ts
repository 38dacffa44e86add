import { isUtf8 } from 'node:buffer'

/**
 * The texts of a record's cells, quotes resolved. Undefined when text follows a closing quote, or a quote is never
 * closed. Source: RFC 4180; a quote within text that did not begin with one stands for itself.
 */
export function cellsOf(bytes: Buffer, start: number, end: number): string[] | undefined {
  if (!isUtf8(bytes.subarray(start, end))) return undefined
  const text = bytes.toString('utf8', start, end)
  const cells: string[] = []
  let at = 0
  for (;;) {
    let cell: string
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1)
      if (close < 0) return undefined
      cell = text.slice(at + 1, close).replaceAll('""', '"')
      at = close + 1
      if (at < text.length && text[at] !== ',') return undefined
    } else {
      const next = text.indexOf(',', at)
      const stop = next < 0 ? text.length : next
      cell = text.slice(at, stop)
      at = stop
    }
    cells.push(cell)
    if (at >= text.length) return cells
    at += 1
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2))
    if (text[at + 1] !== '"') return at
  return -1
}
