import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { clientClosed } from './gone.ts'

/**
 * For readers that can come back: aborted, with a Problem that says why, when the client goes, and when the server stops.
 * The run that is read goes on all the same.
 */
export function createReaderSignals(app: FastifyInstance): (reply: FastifyReply) => AbortSignal {
  const readers = new Set<AbortController>()
  let isStopping = false
  app.addHook('preClose', done => {
    isStopping = true
    for (const reader of readers) reader.abort(stopping())
    done()
  })

  return reply => {
    const reader = new AbortController()
    readers.add(reader)
    // Its request was on the way when the others were told.
    if (isStopping) reader.abort(stopping())
    const close = () => {
      readers.delete(reader)
      reader.abort(clientClosed())
    }
    if (reply.raw.destroyed) close()
    else reply.raw.once('close', close)
    return reader.signal
  }
}

function stopping(): Problem {
  return new Problem('shutting-down', 'This process is stopping; the run goes on elsewhere.')
}
