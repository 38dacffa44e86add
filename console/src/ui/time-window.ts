/** Lengths of time to choose from, by what the address calls them. */
export const windows = [
  { name: '15m', label: '15 min', ms: 900_000 },
  { name: '1h', label: '1 hour', ms: 3_600_000 },
  { name: '6h', label: '6 hours', ms: 21_600_000 },
  { name: '24h', label: '24 hours', ms: 86_400_000 },
  { name: '7d', label: '7 days', ms: 604_800_000 },
] as const

/** What the address says; `from` and `to` in milliseconds since 1970, and they win. */
export type WindowSearch = { window?: string | undefined; from?: number | undefined; to?: number | undefined }

/** A part of the time. One that ends now moves on. */
export type TimeWindow =
  | { kind: 'last'; name: string; label: string; ms: number }
  | { kind: 'between'; from: number; to: number }

const usual = { name: '1h', label: '1 hour', ms: 3_600_000 }

/** What cannot be is the last hour. */
export function readWindow({ window, from, to }: WindowSearch): TimeWindow {
  if (from !== undefined && to !== undefined && from < to) return { kind: 'between', from, to }
  return { kind: 'last', ...(windows.find(({ name }) => name === window) ?? usual) }
}

/** As the server is asked for it, at this moment. */
export function timesOf(window: TimeWindow, now: number): { from: string; to?: string } {
  if (window.kind === 'last') return { from: new Date(now - window.ms).toISOString() }
  return { from: new Date(window.from).toISOString(), to: new Date(window.to).toISOString() }
}

/** How often what ends now is asked for anew; what is over stays as it is. */
export function refreshMs(window: TimeWindow): number | false {
  if (window.kind === 'between') return false
  return window.ms <= 3_600_000 ? 15_000 : 60_000
}
