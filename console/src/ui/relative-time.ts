const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** `now`, `12 sec. ago`, `in 5 min.`, `yesterday`. Both in milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  const size = Math.abs(seconds)
  if (size < 5) return 'now'
  if (size < 60) return relative.format(seconds, 'second')
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (size < 36 * 3600) return relative.format(Math.round(seconds / 3600), 'hour')
  if (size < 45 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day')
  if (size < 320 * 86_400) return relative.format(Math.round(seconds / 2_629_800), 'month')
  return relative.format(Math.round(seconds / 31_557_600), 'year')
}

const local = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})

/** In the reader's zone. */
export function localTime(at: string | number): string {
  return local.format(new Date(at))
}

const range = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

/** `Nov 22, 08:10 – 08:40`, in the reader's zone. */
export function localRange(from: number, to: number): string {
  return range.formatRange(from, to)
}
