import type { TensorSpecBody } from '@roundhouse/sdk/contract'

type Dtype = TensorSpecBody['dtype']

/**
 * What a person wrote as a value of a tensor, as JSON text: integers keep every digit.
 * @throws Error with a sentence for them.
 */
export function literalOf(dtype: Dtype, written: string): string {
  const text = written.trim()
  if (dtype === 'BYTES') return JSON.stringify(written)
  if (text === '') throw new Error('A value is missing.')
  if (dtype === 'BOOL') {
    if (/^(true|1)$/i.test(text)) return 'true'
    if (/^(false|0)$/i.test(text)) return 'false'
    throw new Error(`${quoted(text)} is neither true nor false.`)
  }
  if (isWhole(dtype)) {
    if (/^[+-]?\d+$/.test(text)) return String(BigInt(text.replace('+', '')))
    throw new Error(`${quoted(text)} is not a whole number.`)
  }
  if (/^(nan|[+-]?inf(inity)?)$/i.test(text))
    return /^n/i.test(text) ? '"NaN"' : text.startsWith('-') ? '"-Infinity"' : '"Infinity"'
  const value = Number(text)
  if (Number.isFinite(value)) return JSON.stringify(value)
  throw new Error(`${quoted(text)} is not a number.`)
}

export function isWhole(dtype: Dtype): boolean {
  return dtype.includes('INT')
}

/** Literals in row-major order, nested as `sizes` say; a free dimension has one. */
export function arrayText(sizes: readonly (number | null)[], literals: readonly string[]): string {
  const [size, ...rest] = sizes
  if (size === undefined) return literals.join()
  const each = literals.length / (size ?? 1)
  const parts = Array.from({ length: size ?? 1 }, (_, at) =>
    arrayText(rest, literals.slice(at * each, (at + 1) * each)),
  )
  return `[${parts.join()}]`
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
