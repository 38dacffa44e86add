import { problemCodes } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../kit/log.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Set by what answers with events, for as long as someone listens. */
    isStream: boolean
  }
}

/** Called once per request; `route` is the pattern, so that ids do not become labels. */
export type RequestObserver = (request: {
  method: string
  route: string
  status: number
  durationMs: number
  isStream: boolean
}) => void

/**
 * One line and one measurement per request, at its end, also when the client went away before it. The function
 * returned does so for a request that no hook sees.
 */
export function registerAccessLog(
  app: FastifyInstance,
  { log, observe }: { log: Log; observe: RequestObserver },
): (request: FastifyRequest, reply: FastifyReply) => void {
  function watch(request: FastifyRequest, reply: FastifyReply): void {
    // Comes once per answer, finished or not. Fastify's onResponse waits for an answer that is written, and its
    // onRequestAbort only looks at requests whose body is still on its way.
    const startedAt = performance.now()
    reply.raw.once('close', () => end(request, reply, performance.now() - startedAt))
  }

  function end(request: FastifyRequest, reply: FastifyReply, durationMs: number): void {
    const status = statusOf(request, reply)
    log.info('request-end', {
      request_id: request.id,
      method: request.method,
      path: pathToLog(request.url),
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      user_id: request.caller?.userId ?? null,
    })
    observe({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status,
      durationMs,
      isStream: reply.isStream || status === 101,
    })
  }

  app.decorateReply('isStream', false)
  app.addHook('onRequest', (request, reply, done) => {
    watch(request, reply)
    done()
  })
  return watch
}

/** A connection that became a WebSocket has no answer of its own. */
function statusOf(request: FastifyRequest, reply: FastifyReply): number {
  if (request.ws) return 101
  return reply.raw.writableFinished ? reply.statusCode : problemCodes['client-closed'].status
}

/** Whoever reads a line should know which embed it was, and not be able to use its key. */
export function pathToLog(url: string): string {
  return pathOf(url).replace(embedKey, '$1…')
}

const embedKey = /^(\/api\/v1\/embed\/[^/]{8})[^/]+/

/** Without the query: it may hold a token. */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
