import type { IncomingHttpHeaders } from 'node:http'

/** Bytes from `start` up to and with `end`, counted from 0. */
export type Range = { start: number; end: number }

/** What readers compare by: the entity tag in quotes, and the time of the last change in milliseconds since the epoch. */
export type Validators = { etag: string; modifiedMs: number }

/**
 * The one range that is asked for. `all` also for what is not understood and for several ranges at once, which a server
 * may answer so; `none` when it begins behind the end. Source: RFC 9110, 14.
 */
export function rangeOf(header: string | undefined, sizeBytes: number): Range | 'all' | 'none' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return length > 0 ? { start: sizeBytes - length, end: sizeBytes - 1 } : 'none'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'all'
  if (start >= sizeBytes) return 'none'
  return { start, end: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) }
}

/** Whether it is still the one that the reader means; if not: 412. Source: RFC 9110, 13.2.2. */
export function isMeant(headers: IncomingHttpHeaders, { etag, modifiedMs }: Validators): boolean {
  const meant = headers['if-match']
  if (meant !== undefined)
    return meant
      .split(',')
      .map(tag => tag.trim())
      .some(tag => tag === '*' || tag === etag)
  const since = Date.parse(headers['if-unmodified-since'] ?? '')
  return Number.isNaN(since) || wholeSeconds(modifiedMs) <= since
}

/** Whether the reader has it already: 304. Source: RFC 9110, 13.2.2. */
export function isUnchanged(headers: IncomingHttpHeaders, { etag, modifiedMs }: Validators): boolean {
  const known = headers['if-none-match']
  if (known !== undefined)
    return known
      .split(',')
      .map(tag => tag.trim().replace(/^W\//, ''))
      .some(tag => tag === '*' || tag === etag)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return wholeSeconds(modifiedMs) <= since
}

/** Whether the range is of what the reader has the rest of. Source: RFC 9110, 13.1.5. */
export function isSame(ifRange: string | undefined, { etag, modifiedMs }: Validators): boolean {
  return ifRange === undefined || ifRange === etag || Date.parse(ifRange) === wholeSeconds(modifiedMs)
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
