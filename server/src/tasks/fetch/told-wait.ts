/**
 * Milliseconds that an answer asks to wait before the next request: `Retry-After`, in seconds or as a date (RFC 9110),
 * else what a spent quota says (`RateLimit` of draft-ietf-httpapi-ratelimit-headers and the forms before it). Undefined
 * when it says nothing.
 */
export function toldWaitMs(headers: Headers, now: number): number | undefined {
  return retryAfterMs(headers, now) ?? spentQuotaMs(headers, now)
}

function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  if (Number.isNaN(at)) return undefined
  // By the clock that wrote the date: ours may be another.
  const theirs = Date.parse(headers.get('date') ?? '')
  return Math.max(0, at - (Number.isNaN(theirs) ? now : theirs))
}

function spentQuotaMs(headers: Headers, now: number): number | undefined {
  const items = (headers.get('ratelimit') ?? '').split(/,(?=\s*")/)
  const waits = items.flatMap(item => {
    const left = /(?:;\s*r|remaining)=(\d+)/i.exec(item)?.[1]
    const seconds = /(?:;\s*t|reset)=(\d+)/i.exec(item)?.[1]
    return left === '0' && seconds !== undefined ? [Number(seconds) * 1000] : []
  })
  for (const prefix of ['ratelimit', 'x-ratelimit'])
    if (headers.get(`${prefix}-remaining`)?.trim() === '0')
      waits.push(resetMs(Number(headers.get(`${prefix}-reset`) ?? Number.NaN), now))
  const known = waits.filter(wait => wait >= 0)
  return known.length > 0 ? Math.max(...known) : undefined
}

/** Seconds from now, or since the epoch: both are in use. */
function resetMs(value: number, now: number): number {
  return value > 1_000_000_000 ? Math.max(0, value * 1000 - now) : value * 1000
}
