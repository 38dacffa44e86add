import { Problem } from '@roundhouse/sdk/contract'
import { Agent, fetch as send } from 'undici'
import type { Outbound } from '../../ports/outbound.ts'
import { bounded, tooLarge } from './bounded.ts'
import { judgingConnector } from './connect.ts'
import { failed } from './failed.ts'
import { firstHop, type Hop, nextHop } from './hop.ts'
import { judge, placeOf, type Reach } from './judge.ts'
import { publicAddresses } from './public-address.ts'
import { openResolver, type Resolve } from './resolve.ts'

const mostRedirects = 3
const usualTimeoutMs = 10_000
const usualMaxBytes = 10 * 1024 * 1024
const usualPorts = [443, 80, 8443]

/**
 * Requests to the public Internet by https, and to what the operator allows. Nothing that is in the environment leads
 * them through a proxy, which would be asked for addresses that nobody has judged.
 *
 * @param allowed `host:port`, each exact and as a URL writes it: may be private, and spoken to without TLS.
 */
export function openOutbound({
  allowed,
  resolve,
  ports = usualPorts,
}: {
  allowed: readonly string[]
  /** In the place of the servers of names. */
  resolve?: Resolve
  ports?: readonly number[]
}): Outbound {
  const reach: Reach = { allowed: new Set(allowed), ports: new Set(ports), isPublic: publicAddresses() }
  const resolver = openResolver()
  // How long an answer may take is said with each request, for all of it.
  const dispatcher = new Agent({
    connect: judgingConnector(reach, resolve ?? resolver.resolve),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  /** The answer behind the redirects. @param trip Told where it has come to. */
  async function follow(first: Hop, signal: AbortSignal, trip: { host: string }) {
    let hop = first
    for (let redirects = 0; ; redirects += 1) {
      const { url, method, headers, body } = hop
      trip.host = url.hostname
      const response = await send(url, {
        method,
        headers: [...headers],
        body,
        redirect: 'manual',
        dispatcher,
        signal,
      })
      const next = nextHop(hop, response.status, response.headers.get('location'))
      if (!next) return { url, method, response }
      await response.body?.cancel()
      if (redirects === mostRedirects)
        throw new Problem('address-failed', `${placeOf(url)} sent us on more than ${mostRedirects} times.`)
      judge(next.url, reach)
      hop = next
    }
  }

  return {
    async fetch(address, { timeoutMs = usualTimeoutMs, maxBytes = usualMaxBytes, ...request } = {}) {
      const url = judge(address, reach)
      const limit = timeLimit(timeoutMs, request.signal)
      const trip = { host: url.hostname }
      const explain = (error: unknown) => failed(error, { ...trip, timeoutMs, ...limit.state() })
      try {
        const last = await follow(await firstHop(url, request), limit.signal, trip)
        const { status, headers, body } = last.response
        if (body && Number(headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(trip.host, maxBytes)
        if (!body) limit.end()
        const bytes = body && bounded(body, { ...trip, maxBytes, end: limit.end, explain })
        const response = new Response(bytes, { status, headers: [...headers] })
        return Object.defineProperty(response, 'url', { value: last.url.href })
      } catch (error) {
        const problem = explain(error)
        limit.cut()
        throw problem
      }
    },

    async close() {
      resolver.close()
      await dispatcher.destroy()
    },
  }
}

function timeLimit(timeoutMs: number, outer: AbortSignal | null | undefined) {
  const tooLate = new AbortController()
  const timer = setTimeout(() => tooLate.abort(), timeoutMs)
  timer.unref()
  const signal = outer ? AbortSignal.any([outer, tooLate.signal]) : tooLate.signal
  return {
    signal,
    end: () => clearTimeout(timer),
    /** Frees what is still under way. */
    cut() {
      clearTimeout(timer)
      tooLate.abort()
    },
    state: () => ({ isLate: tooLate.signal.aborted, outer }),
  }
}
