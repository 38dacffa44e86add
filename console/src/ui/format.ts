/** Numbers as people read them; units always. */
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

/** 12,345.67 */
export function count(value: number): string {
  return grouped.format(value)
}

/** `1 row`, `2 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `512 B`, `1.4 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let rest = value
  let unit = 0
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024
    unit++
  }
  return `${unit === 0 ? rest : significant(rest)} ${units[unit]}`
}

/** `0.42 ms`, `12 ms`, `1.3 s`, `2 min 5 s`, `3 h 10 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${significant(milliseconds)} ms`
  if (milliseconds < 60_000) return `${significant(milliseconds / 1000)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.round(minutes / 60 / 24)} days`
}

/** 0.034 -> `3.4 %` */
export function percent(share: number): string {
  return `${significant(share * 100)} %`
}

/** The end of an id: its beginning is a time, alike for all of one minute. */
export function shortId(id: string): string {
  return id.slice(-8)
}

/** `1,216/min` */
export function perMinute(value: number): string {
  return `${significant(value)}/min`
}

export function credits(value: number): string {
  return counted(value, 'credit')
}

function significant(value: number): string {
  if (value >= 100) return grouped.format(Math.round(value))
  return value >= 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value * 100) / 100)
}
