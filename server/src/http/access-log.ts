import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../kit/log.ts'

/** Called once per request; `route` is the pattern, so that ids do not become labels. */
export type RequestObserver = (request: {
  method: string
  route: string
  status: number
  durationMs: number
}) => void

/** One line and one measurement per request, at its end, also when the client went away before it. */
export function registerAccessLog(
  app: FastifyInstance,
  { log, observe }: { log: Log; observe: RequestObserver },
): void {
  const ended = new WeakSet<FastifyRequest>()

  function end(request: FastifyRequest, reply: FastifyReply, status: number): void {
    if (ended.has(request)) return
    ended.add(request)
    const durationMs = reply.elapsedTime
    log.info('request-end', {
      request_id: request.id,
      method: request.method,
      path: pathOf(request.url),
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      user_id: request.caller?.userId ?? null,
    })
    observe({ method: request.method, route: request.routeOptions.url ?? 'none', status, durationMs })
  }

  app.addHook('onResponse', (request, reply, done) => {
    end(request, reply, reply.raw.writableFinished ? reply.statusCode : 499)
    done()
  })
  app.addHook('onRequestAbort', (request, done) => {
    // The reply object is not given here; its own end never comes.
    ended.add(request)
    log.info('request-end', {
      request_id: request.id,
      method: request.method,
      path: pathOf(request.url),
      status: 499,
      duration_ms: null,
      user_id: request.caller?.userId ?? null,
    })
    observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: 499, durationMs: 0 })
    done()
  })
}

/** Without the query: it may hold a token. */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
