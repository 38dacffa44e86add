/** Whether there is nothing but blanks and tabs. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++)
    if (bytes[index] !== 0x20 && bytes[index] !== 0x09) return false
  return true
}

/** Powers of ten that are exact doubles. */
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/** What was read, and where it ended. */
export type NumberReader = {
  /** The number that begins at `start`; NaN when it is not one of a plain form, for the slow way to decide. */
  read(bytes: Uint8Array, start: number, end: number): number
  /** Behind the last number. */
  stop: number
}

/**
 * Decimals as most files have them, without making a text of them. Exact: up to 2^53 and 10^22 both parts are doubles
 * without error, so their quotient is the nearest double (Clinger 1990); all others are left to `Number`.
 */
export function createNumberReader(): NumberReader {
  const reader: NumberReader = { read, stop: 0 }
  return reader

  function read(bytes: Uint8Array, start: number, end: number): number {
    let index = start
    const sign = bytes[index]
    if (sign === 0x2d || sign === 0x2b) index++
    let mantissa = 0
    let digits = 0
    let decimals = 0
    for (; index < end; index++) {
      const digit = (bytes[index] ?? 0) - 0x30
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
      digits++
    }
    if (bytes[index] === 0x2e && index < end) {
      const first = ++index
      for (; index < end; index++) {
        const digit = (bytes[index] ?? 0) - 0x30
        if (digit < 0 || digit > 9) break
        mantissa = mantissa * 10 + digit
      }
      decimals = index - first
      digits += decimals
    }
    if (digits === 0 || mantissa > Number.MAX_SAFE_INTEGER) return Number.NaN
    let exponent = -decimals
    if (index < end && ((bytes[index] ?? 0) | 0x20) === 0x65) {
      index++
      const negative = bytes[index] === 0x2d
      if (negative || bytes[index] === 0x2b) index++
      let size = 0
      const first = index
      for (; index < end; index++) {
        const digit = (bytes[index] ?? 0) - 0x30
        if (digit < 0 || digit > 9) break
        size = Math.min(1000, size * 10 + digit)
      }
      if (index === first) return Number.NaN
      exponent += negative ? -size : size
    }
    const power = powers[Math.abs(exponent)]
    if (power === undefined) return Number.NaN
    reader.stop = index
    const value = exponent < 0 ? mantissa / power : mantissa * power
    return sign === 0x2d ? -value : value
  }
}
