import { readFileSync } from 'node:fs'
import { createRandom } from '../src/testing/onnx/random.ts'

/** One image of 8 x 8 pixels, row by row, each 0 (paper) to 16 (ink), and the digit it shows. */
export type Row = { readonly pixels: readonly number[]; readonly digit: number }

/** The 1797 rows of digits.csv, shuffled, of which the last 539 (30 %) are never trained on. */
export function readDigits(): { training: Row[]; heldOut: Row[] } {
  const lines = readFileSync(new URL('./digits.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const rows = lines.map(line => {
    const numbers = line.split(',').map(Number)
    return { pixels: numbers.slice(0, 64), digit: numbers[64] ?? -1 }
  })
  shuffle(rows, createRandom(1))
  return { training: rows.slice(0, -539), heldOut: rows.slice(-539) }
}

/** Fisher-Yates, in place. */
export function shuffle(items: unknown[], random: () => number): void {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    const item = items[index]
    items[index] = items[other]
    items[other] = item
  }
}
