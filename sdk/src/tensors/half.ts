/** Numbers from this size on round to infinity in FP16, whose largest is 65504. */
export const halfLimit = 65_520

/** The value of IEEE 754 half-precision bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/**
 * The nearest half-precision bits, ties to even. By hand: `Float16Array` is missing in Node 20 and 22 and
 * in browsers before 2025.
 */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= halfLimit) return sign | 0x7c00
  if (size < 2 ** -14) return sign | roundTiesToEven(size * 2 ** 24)
  const exponent = Math.floor(Math.log2(size))
  // A fraction that rounds up to 2048 carries into the exponent, as it must.
  return sign | ((exponent + 14) * 1024 + roundTiesToEven(size * 2 ** (10 - exponent)))
}

/** For 0 <= value < 2^51: adding 2^52 leaves no bits for the fraction, so the hardware rounds it. */
function roundTiesToEven(value: number): number {
  return value + 2 ** 52 - 2 ** 52
}
