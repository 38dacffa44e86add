import { Problem } from '@roundhouse/sdk/contract'
import type { OutboundRequest } from '../../ports/outbound.ts'

/** One of the requests that a redirect makes of one. */
export type Hop = {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array | null
}

/** What says nothing about who asks. Everything else stays with the origin that it was given for. */
const anybodys = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])
/** The connection's own, and what would name another host than the one that was judged. */
const connections =
  /^(?:host|connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/
const redirects = new Set([301, 302, 303, 307, 308])

/** @throws Problem `invalid-request` for what is no request. */
export async function firstHop(
  url: URL,
  { signal: _, ...request }: Omit<OutboundRequest, 'timeoutMs' | 'maxBytes'>,
): Promise<Hop> {
  const { method, headers: given, body } = requestTo(url, request)
  const headers = new Headers(given)
  for (const name of [...headers.keys()]) if (connections.test(name)) headers.delete(name)
  return { url, method, headers, body: body && new Uint8Array(await new Response(body).arrayBuffer()) }
}

/** The words of the error hold the value that is wrong, which may be a secret. */
function requestTo(url: URL, request: RequestInit): Request {
  try {
    return new Request(url, request)
  } catch {
    throw new Problem('invalid-request', 'A header, the method or the body is not one that HTTP takes.')
  }
}

/**
 * Where the answer sends us, as of the Fetch standard, 4.4 (HTTP-redirect fetch): 303, and 301 and 302 after a POST, ask
 * anew without a body. Null for an answer that is none.
 * @throws TypeError for a place that is no address.
 */
export function nextHop(hop: Hop, status: number, location: string | null): Hop | null {
  if (!redirects.has(status) || location === null) return null
  const url = new URL(location, hop.url)
  const headers = new Headers(hop.headers)
  if (url.origin !== hop.url.origin)
    for (const name of [...headers.keys()]) if (!anybodys.has(name)) headers.delete(name)
  const asksAnew =
    status === 303 ? !['GET', 'HEAD'].includes(hop.method) : status < 303 && hop.method === 'POST'
  if (!asksAnew) return { ...hop, url, headers }
  for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name)
  return { url, headers, method: 'GET', body: null }
}
