import type { ServerResponse } from 'node:http'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply } from 'fastify'

/**
 * Answers with the pieces, each one before the next is asked for, so that their buffers can be used again. What goes
 * wrong before the first of them is there can still be told; later the connection is cut.
 */
export async function pour(
  reply: FastifyReply,
  pieces: AsyncGenerator<Uint8Array, void>,
): Promise<FastifyReply> {
  const first = await pieces.next()
  const { raw } = reply
  if (raw.destroyed) {
    await pieces.return()
    throw new Problem('client-closed', 'The client went away.')
  }
  reply.hijack()
  const gone = new Promise<never>((_, reject) =>
    raw.once('close', () => reject(new Problem('client-closed', 'The client went away.'))),
  )
  gone.catch(() => {})
  try {
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value)
    raw.writeHead(reply.statusCode)
    for (let next = first; !next.done; next = await pieces.next())
      await Promise.race([written(raw, next.value), gone])
    raw.end()
  } catch {
    // Less than was announced: the reader sees it.
    raw.destroy()
  } finally {
    await pieces.return()
  }
  return reply
}

function written(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => raw.write(piece, error => (error ? reject(error) : resolve())))
}
