/** Days like 2026-03-31, both included. */
export type DateRange = { from: string; to: string }

const dayMs = 24 * 3600 * 1000

/** The months that a range touches, cut to it. */
export function monthsOf({ from, to }: DateRange): DateRange[] {
  const months: DateRange[] = []
  for (let first = from; first <= to; first = nextMonth(first)) {
    const last = daysBefore(nextMonth(first), 1)
    months.push({ from: first, to: last < to ? last : to })
  }
  return months
}

export function daysBefore(date: string, days: number): string {
  return new Date(Date.parse(date) - days * dayMs).toISOString().slice(0, 10)
}

/** The day it is in New York. */
export function newYorkDate(moment: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(moment)
}

/** @throws Error that names the field. */
export function readDate(field: string, value: unknown): string {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)))
    return value
  throw new Error(`input.${field} is a day like 2026-03-31.`)
}

function nextMonth(date: string): string {
  const [year = 0, month = 0] = date.split('-').map(Number)
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10)
}
