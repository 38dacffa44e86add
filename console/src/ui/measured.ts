/** Values of something over time; null where nothing was measured. */
export type Values = readonly (number | null)[]

/** Counts of each point as so many in `perSeconds`; null for a point that was not measured. */
export function rate(counts: Values, seconds: readonly number[], perSeconds = 1): (number | null)[] {
  return counts.map((count, i) => {
    const measured = seconds[i] ?? 0
    return count === null || measured === 0 ? null : (count / measured) * perSeconds
  })
}

/** The share of one count in others, 0 to 1; null where there were none. */
export function share(part: Values, ...wholes: readonly Values[]): (number | null)[] {
  return part.map((value, i) => {
    const whole = wholes.reduce((sum, one) => sum + (one[i] ?? 0), 0)
    return value === null || whole === 0 ? null : value / whole
  })
}

export function total(values: Values): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

/** The last that was measured. */
export function latest(values: Values): number | null {
  return values.findLast(value => value !== null) ?? null
}

/** One line for who does not see the chart: `12.3/s now, 8.1/s on average, 25/s at most`. */
export function summary(values: Values, format: (value: number) => string): string {
  const known = values.filter(value => value !== null)
  const last = latest(known)
  if (last === null) return 'Nothing was measured in this time.'
  const mean = total(known) / known.length
  return `${format(last)} at the end, ${format(mean)} on average, ${format(Math.max(...known))} at most.`
}
