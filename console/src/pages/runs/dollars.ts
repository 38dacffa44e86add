/** Micro-dollars as dollars, with as many digits as it takes. */
export function dollars(micros: number): string {
  const value = micros / 1_000_000
  return `$${value >= 1 ? value.toFixed(2) : value.toPrecision(2)}`
}
