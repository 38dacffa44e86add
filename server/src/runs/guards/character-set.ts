/** Which units of UTF-16 one place of a pattern takes. */
export type CharacterSet = {
  has(unit: number): boolean
}

/** From the first to the last, both included. */
export type Range = readonly [number, number]

const units = 0x10000
/** Of a wider range only what has another case in ASCII is taken in both. */
const mostFolded = 2000

export const digits: readonly Range[] = [[0x30, 0x39]]
export const words: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
/** Source: WhiteSpace and LineTerminator of ECMA-262, as `\s` has them. */
export const spaces: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
export const lineEnds: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]

export function createSet(
  ranges: readonly Range[],
  { ignoreCase = false, isNegated = false } = {},
): CharacterSet {
  const both = ignoreCase ? [...ranges, ...ranges.flatMap(otherCase)] : ranges
  // A case that is left out is left out in both.
  const sorted = isNegated ? inverted(both) : merged(both)
  const ascii = new Uint8Array(128)
  for (const [first, last] of sorted) ascii.fill(1, Math.min(first, 128), Math.min(last + 1, 128))
  const wide = sorted.filter(([, last]) => last >= 128)
  return {
    has: unit =>
      unit < 128 ? ascii[unit] === 1 : wide.some(([first, last]) => unit >= first && unit <= last),
  }
}

/** What they leave out. */
export function inverted(ranges: readonly Range[]): Range[] {
  const out: Range[] = []
  let next = 0
  for (const [first, last] of merged(ranges)) {
    if (first > next) out.push([next, first - 1])
    next = last + 1
  }
  if (next < units) out.push([next, units - 1])
  return out
}

function merged(ranges: readonly Range[]): Range[] {
  const out: [number, number][] = []
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = out.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else out.push([first, last])
  }
  return out
}

function otherCase([first, last]: Range): Range[] {
  const end = last - first > mostFolded ? Math.min(last, 127) : last
  const out: Range[] = []
  for (let unit = first; unit <= end; unit += 1) {
    const text = String.fromCharCode(unit)
    for (const other of [text.toLowerCase(), text.toUpperCase()])
      if (other.length === 1 && other !== text) out.push([other.charCodeAt(0), other.charCodeAt(0)])
  }
  return out
}
