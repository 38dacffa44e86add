import { numberStyle } from './numbers.ts'

/** How a column of a table is printed, and what its width is measured by. */
export type PrintedColumn = {
  name: string
  isNumeric: boolean
  /** Null is an empty cell. */
  cells: (string | null)[]
  /** The longest cells and the longest pieces that are not broken: the template measures these, not all. */
  widest: string[]
  pieces: string[]
  namePieces: string[]
}

const measured = 4
/** Words up to here are never broken. */
const wholeWord = 14

export function printColumns(
  columns: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): PrintedColumn[] {
  return columns.map((name, index) => {
    const values = rows.map(row => row[index] ?? null)
    const numbers = values.filter(value => typeof value === 'number')
    const isNumeric = numbers.length > 0 && values.every(value => value === null || typeof value === 'number')
    const style = numberStyle(numbers)
    const cells = values.map(value => (typeof value === 'number' ? style.text(value) : value))
    const texts = cells.filter(cell => cell !== null)
    return {
      name,
      isNumeric,
      cells: isNumeric ? cells : cells.map(cell => cell && breakable(cell)),
      widest: longest(texts),
      pieces: longest(isNumeric ? texts : texts.flatMap(piecesOf)),
      namePieces: longest(piecesOf(name)),
    }
  })
}

/** Lets a long word break behind its separators, and nowhere else while it can be helped. */
export function breakable(text: string): string {
  return text.replaceAll(/\S+/g, word => (word.length > wholeWord ? splitWord(word).join('\u{200b}') : word))
}

function piecesOf(text: string): string[] {
  return text.split(/\s+/).flatMap(word => (word.length > wholeWord ? splitWord(word) : [word]))
}

/** firstname.|lastname@|example-|company.com; a date with its time stays whole, and so does a number. */
function splitWord(word: string): string[] {
  if (/^[\d.,:TZ+-]+$/.test(word)) return [word]
  return word.split(/(?<=[@._/:;,=&?-])(?=[^@._/:;,=&?-]{2})/)
}

function longest(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => b.length - a.length).slice(0, measured)
}
