import { createHash } from 'node:crypto'

/** Where a span belongs: ids in hexadecimal, 32 digits of the trace and 16 of the span. */
export type TracePlace = { readonly traceId: string; readonly parentSpanId: string | null }

/** https://www.w3.org/TR/trace-context-2: later versions may go on behind the flags, this one may not. */
const form = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The header `traceparent` when it is one, without what later versions add; else undefined. */
export function traceParentFrom(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined
  const found = form.exec(header.trim())
  if (!found || (found[1] === '00' && found[5] !== undefined)) return undefined
  return `00-${found[2]}-${found[3]}-${found[4]}`
}

/**
 * Where the spans of a request belong: below its caller's span, or at the root of a trace whose id is made from the id of
 * the request, so that whoever has the one finds the other. Null when the caller leaves this request out of its trace.
 * @param traceParent As `traceParentFrom` gave it.
 */
export function tracePlaceOf({
  traceParent,
  requestId,
}: {
  traceParent: string | null
  requestId: string
}): TracePlace | null {
  if (traceParent === null) return { traceId: traceIdOf(requestId), parentSpanId: null }
  const [, traceId = '', parentSpanId = '', flags = ''] = traceParent.split('-')
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return isSampled ? { traceId, parentSpanId } : null
}

/** The same for the same name: who takes a run over gives its spans the same ids. */
export function spanIdOf(name: string): string {
  return hashOf(name).slice(0, 16)
}

/** A UUID is the trace id itself. */
function traceIdOf(requestId: string): string {
  return uuid.test(requestId) ? requestId.replaceAll('-', '').toLowerCase() : hashOf(requestId).slice(0, 32)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
