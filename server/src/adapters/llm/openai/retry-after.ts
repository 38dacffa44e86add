/** Whole seconds of a `Retry-After` (RFC 9110, 10.2.3), which holds seconds or a date. Undefined when it says nothing. */
export function retryAfterSeconds(
  header: string | readonly string[] | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim()
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text))
  const at = Date.parse(text)
  if (Number.isNaN(at)) return undefined
  // By the clock that wrote the date: ours may be another.
  const theirs = Date.parse(date ?? '')
  return Math.max(0, Math.ceil((at - (Number.isNaN(theirs) ? now : theirs)) / 1000))
}
