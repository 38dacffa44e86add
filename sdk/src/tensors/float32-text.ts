const ascii = new TextDecoder()
const comma = 0x2c
const open = 0x5b
const close = 0x5d
const minus = 0x2d
const point = 0x2e
const zero = 0x30

/** Longest text of one element, "-1.1754943508222875e-38", with brackets, comma and room to spare. */
const maxTextBytes = 28
const chunkElements = 1024

/** Powers of ten that are exact doubles, so that `scaled / power` is the double a reader gets from the text. */
const powers = Array.from({ length: 15 }, (_, exponent) => 10 ** exponent)

/**
 * `data[start..end)` as JSON numbers with commas between, and `],[` after each row: mostly the shortest text that reads back as the same FP32
 * (0.1, not 0.10000000149011612), and the strings "NaN", "Infinity", "-Infinity".
 *
 * 1000 new random values: 70 us, against 140 us by `JSON.stringify` and 175 us by `join`, which print the
 * digits of the double (Node 24, 2026-11); and about half the bytes to send and parse.
 */
export function float32Text(data: Float32Array, start: number, end: number, rowLength = end - start): string {
  const bytes = new Uint8Array(Math.min(end - start, chunkElements) * maxTextBytes)
  let text = ''
  let at = 0
  let rowEnd = start + rowLength
  for (let index = start; index < end; index++) {
    if (at > bytes.length - maxTextBytes) {
      text += ascii.decode(bytes.subarray(0, at))
      at = 0
    }
    if (index === rowEnd) {
      rowEnd += rowLength
      bytes[at++] = close
      bytes[at++] = comma
      bytes[at++] = open
    } else if (index > start) {
      bytes[at++] = comma
    }
    at = writeFloat(bytes, at, data[index] ?? 0)
  }
  return text + ascii.decode(bytes.subarray(0, at))
}

/** One float as JSON, by the digits of the double. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  // "-0" would read back as the integer 0 in Python.
  return Object.is(value, -0) ? '-0.0' : String(value)
}

function writeFloat(bytes: Uint8Array, at: number, value: number): number {
  const size = Math.abs(value)
  if (size >= 1e-6 && size < 1e9) {
    const first = firstDecimals(size)
    for (let decimals = first; decimals <= first + 2; decimals++) {
      const power = powers[decimals] ?? 1
      const scaled = Math.round(size * power)
      if (Math.fround(scaled / power) !== size) continue
      if (value < 0) bytes[at++] = minus
      return writeDecimal(bytes, at, scaled, power, decimals)
    }
  }
  const text = floatText(value)
  for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index)
  return at
}

/** Decimals of 6 or 7 digits, where every short decimal still is itself; with 2 more every FP32 is. */
function firstDecimals(size: number): number {
  if (size >= 1) {
    if (size < 32) return 5
    if (size < 1024) return 4
    return size < 65_536 ? 2 : 1
  }
  if (size >= 1e-1) return 7
  if (size >= 1e-2) return 8
  if (size >= 1e-3) return 9
  if (size >= 1e-4) return 10
  return size >= 1e-5 ? 11 : 12
}

/** Writes scaled / power. Both parts stay below 2^31, where integer arithmetic is fast. */
function writeDecimal(
  bytes: Uint8Array,
  at: number,
  scaled: number,
  power: number,
  decimals: number,
): number {
  const whole = Math.floor(scaled / power)
  let fraction = scaled - whole * power
  const afterWhole = writeDigits(bytes, at, whole, digitCount(whole))
  if (fraction === 0) return afterWhole
  let digits = decimals
  while (fraction % 10 === 0) {
    fraction /= 10
    digits--
  }
  bytes[afterWhole] = point
  return writeDigits(bytes, afterWhole + 1, fraction, digits)
}

function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0
  for (let index = at + digits - 1; index >= at; index--) {
    const tenth = (rest / 10) | 0
    bytes[index] = zero + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

function digitCount(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}
