const side = 8
/** So many are different; then they come again. */
const different = 2000

/**
 * Rows for the sample model as CSV: strokes on 8 x 8 pixels of 0 (paper) to 16 (ink), the same at each call.
 * @param rows A multiple of 2,000.
 */
export function makeSampleRows(rows: number): Blob {
  const names = Array.from({ length: side * side }, (_, index) => `pixels[${index}]`)
  const random = createRandom(20_260_101)
  const lines = Array.from({ length: different }, () => `${stroke(random).join(',')}\n`)
  // One part, referred to as often as it takes: a million rows are 140 MB, and are held once.
  const part = new Blob(lines)
  const parts = Array.from({ length: rows / different }, () => part)
  return new Blob([`${names.join(',')}\n`, ...parts], { type: 'text/csv' })
}

/** A line that wanders downwards, as a pen might. */
function stroke(random: () => number): number[] {
  const pixels = new Array<number>(side * side).fill(0)
  let x = 2 + Math.floor(random() * 4)
  let y = 0
  for (let step = 0; step < 16 && y < side; step += 1) {
    pixels[y * side + x] = 8 + Math.floor(random() * 9)
    if (random() < 0.5) y += 1
    else x = Math.max(0, Math.min(side - 1, x + (random() < 0.5 ? -1 : 1)))
  }
  return pixels
}

/** Mulberry32: 0 to below 1. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
