import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'

/** Aborted, with Problem `client-closed`, when the client goes away before its answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  // Its end may lie behind us: bodies are read, and models loaded, before anyone asks for this signal.
  if (reply.raw.destroyed) controller.abort(clientClosed())
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(clientClosed())
  })
  return controller.signal
}

export function clientClosed(): Problem {
  return new Problem('client-closed', 'The client went away.')
}
