import type { FastifyReply } from 'fastify'

/** Aborted when the client goes away before its answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  // Its end may lie behind us: bodies are read, and models loaded, before anyone asks for this signal.
  if (reply.raw.destroyed) controller.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
