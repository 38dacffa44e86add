const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const exact = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const date = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' })

/**
 * What stands below an axis of time, in the reader's zone: times of a day, and the date where a day begins.
 * @param splits Seconds since 1970, `step` apart.
 */
export function timeLabels(splits: readonly number[], step: number): string[] {
  return splits.map((split, i) => {
    const at = new Date(split * 1000)
    if (step >= 86_400) return date.format(at)
    const before = splits[i - 1]
    const isNewDay = before !== undefined && new Date(before * 1000).getDate() !== at.getDate()
    if (isNewDay) return date.format(at)
    return step < 60 ? exact.format(at) : clock.format(at)
  })
}

/** Steps of an axis of bytes: powers of two, so that its numbers are round. */
export const binarySteps: readonly number[] = Array.from({ length: 50 }, (_, power) => 2 ** power)

/** Where a value has no neighbours: a line alone would not show it. */
export function lonely(values: readonly (number | null)[]): number[] {
  const isKnown = (index: number) => values[index] !== null && values[index] !== undefined
  return values.flatMap((_, i) => (isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1) ? [i] : []))
}
