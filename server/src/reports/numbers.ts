/** How the numbers of one column are printed: all in one notation, with the same decimal places. */
export type NumberStyle = {
  text(value: number): string
  /** With its sign, + too; 0 has none. */
  signed(value: number): string
  /** The number that `text` shows: sums and differences are made of these, so that they agree on paper. */
  printed(value: number): number
}

const mostDecimals = 6
/** Given decimals up to here are kept as they are; more are those of a computation. */
const fewDecimals = 3
/** Beyond it a double has no more digits to show. */
const mostFixed = 1e15

/** @param decimals decimal places, where the caller says them; otherwise those that the numbers were given with. */
export function numberStyle(values: readonly number[], decimals?: number): NumberStyle {
  return isScientific(values) ? scientific() : fixed(decimals ?? decimalsFor(values))
}

/** A part of a whole in percent. Only all is 100%, and only nothing is 0%. */
export function percentText(part: number, whole: number): string {
  const value = whole === 0 ? 0 : (part / whole) * 100
  if (value > 0 && value < 0.01) return '< 0.01%'
  if (value < 100 && value > 99.99) return '> 99.99%'
  const nearEnd = (value > 0 && value < 0.1) || (value < 100 && value > 99.9)
  return `${fixed(nearEnd ? 2 : value === 0 || value === 100 ? 0 : 1).text(value)}%`
}

/** One column has one notation: powers of ten where fixed places would show nothing of a number, or too much. */
function isScientific(values: readonly number[]): boolean {
  const sizes = values.map(Math.abs).filter(size => size > 0)
  if (sizes.length === 0) return false
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0)
  const smallest = sizes.reduce((least, size) => Math.min(least, size), Number.POSITIVE_INFINITY)
  return largest >= mostFixed || smallest < 10 ** -mostDecimals
}

function decimalsFor(values: readonly number[]): number {
  const given = values.reduce((most, value) => Math.max(most, decimalsOf(value)), 0)
  if (given <= fewDecimals) return given
  const sizes = values
    .map(Math.abs)
    .filter(size => size > 0)
    .sort((a, b) => a - b)
  const typical = sizes[Math.floor(sizes.length / 2)] ?? 1
  const largest = sizes.at(-1) ?? 1
  // Four digits of a usual value, more where two values are nearer to each other, seven of the largest at most.
  const usual = 3 - Math.floor(Math.log10(typical))
  const apart = Math.ceil(-Math.log10(smallestStep(values)))
  const room = 6 - Math.floor(Math.log10(largest))
  return Math.min(given, mostDecimals, Math.max(0, usual, Math.min(apart, room)))
}

/** As it was written: 0.25 has two. */
function decimalsOf(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e')
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(exponent))
}

function smallestStep(values: readonly number[]): number {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  let step = Number.POSITIVE_INFINITY
  for (const [index, value] of sorted.entries())
    if (index > 0) step = Math.min(step, value - (sorted[index - 1] ?? value))
  return Number.isFinite(step) ? step : 1
}

function fixed(decimals: number): NumberStyle {
  const form = { minimumFractionDigits: decimals, maximumFractionDigits: decimals } as const
  const plain = new Intl.NumberFormat('en-US', { ...form, signDisplay: 'negative' })
  const signed = new Intl.NumberFormat('en-US', { ...form, signDisplay: 'exceptZero' })
  const bare = new Intl.NumberFormat('en-US', { ...form, useGrouping: false })
  return {
    text: value => trueMinus(plain.format(value)),
    signed: value => trueMinus(signed.format(value)),
    printed: value => Number(bare.format(value)),
  }
}

/** 1.25 × 10⁻⁹, in letters that need no markup. */
function scientific(): NumberStyle {
  const text = (value: number) => {
    if (value === 0) return '0'
    const [mantissa = '', exponent = ''] = value.toExponential(3).split('e')
    const power = [...exponent.replace('+', '')].map(sign => superscripts[sign] ?? '').join('')
    return `${trueMinus(mantissa)}\u{a0}×\u{a0}10${power}`
  }
  return {
    text,
    signed: value => (value > 0 ? `+${text(value)}` : text(value)),
    printed: value => Number(value.toExponential(3)),
  }
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'-0123456789'].map((sign, index) => [sign, [...'⁻⁰¹²³⁴⁵⁶⁷⁸⁹'][index] ?? '']),
)

function trueMinus(text: string): string {
  return text.replace('-', '\u{2212}')
}
