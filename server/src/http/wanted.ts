import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'

/**
 * Aborted with Problem `client-closed` when the client goes away before its answer, with `request-timeout` when the time
 * is over: for work that is to end then. Fastify's `handlerTimeout` and `request.signal` do not tell: both end with the
 * request's body, once it was read (Fastify 5.12.8, 2026-11-21).
 */
export function wantedSignal(reply: FastifyReply, limitMs: number): AbortSignal {
  const controller = new AbortController()
  const gone = () => controller.abort(new Problem('client-closed', 'The client went away.'))
  const timer = setTimeout(() => {
    const sentence = `The request could not be answered within ${limitMs / 1000} s. Look before repeating it.`
    controller.abort(new Problem('request-timeout', sentence, { retryAfterSeconds: 3 }))
  }, limitMs)
  timer.unref()
  // Its end may lie behind us: the body was read before.
  if (reply.raw.destroyed) gone()
  reply.raw.once('close', () => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) gone()
  })
  return controller.signal
}
