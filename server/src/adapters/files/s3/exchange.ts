import { lookup } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { pipeline } from 'node:stream/promises'

export type Exchange = {
  method: string
  url: URL
  headers: Record<string, string>
  /** Sent whole, in this order. */
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** Longest time without a byte in either direction, before and during the answer. */
  silenceMs: number
  signal: AbortSignal | undefined
}

/** Opening a connection, with TLS. */
const connectMs = 5000

/**
 * Makes the function that sends one HTTP request and gives the answer once its head is there. Connections are kept.
 * When the answer stops in the middle its stream fails; an answer nobody reads for `silenceMs` is cut too.
 */
export function createExchange(protocol: string): (exchange: Exchange) => Promise<IncomingMessage> {
  const secure = protocol === 'https:'
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const send = secure ? httpsRequest : httpRequest

  return ({ method, url, headers, body, silenceMs, signal }) =>
    new Promise((resolve, reject) => {
      const options = {
        method,
        headers,
        agent,
        lookup: find,
        timeout: silenceMs,
        ...(signal ? { signal } : {}),
      }
      const request = send(url, options)
      const slow = setTimeout(() => request.destroy(timedOut('connected', connectMs)), connectMs)
      const stopWaiting = () => clearTimeout(slow)
      request.on('socket', socket => {
        if (!socket.connecting) stopWaiting()
        else socket.once(secure ? 'secureConnect' : 'connect', stopWaiting)
      })
      request.on('timeout', () => request.destroy(timedOut('sent or received a byte', silenceMs)))
      request.on('close', stopWaiting)
      request.on('error', reject)
      request.on('response', resolve)
      // What it rejects with has been told by the request's own event; a body that cannot be read ends the request.
      pipeline(body, request).catch(error => request.destroy(error))
    })
}

/** Names below localhost are this machine (RFC 6761, 6.3); few systems know them, and `bucket.localhost` is one. */
const find: LookupFunction = (host, options, callback) =>
  lookup(host.endsWith('.localhost') ? 'localhost' : host, options, callback)

function timedOut(what: string, afterMs: number): Error {
  return Object.assign(new Error(`not ${what} within ${afterMs} ms`), { code: 'ETIMEDOUT' })
}
