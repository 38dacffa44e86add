import type { Socket } from 'node:net'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { networkOf } from '../accounts/network.ts'
import type { Clock } from '../kit/clock.ts'

/** A page with 100 pictures is read at once over HTTP/2. */
const mostPerReader = 100
const lookMs = 60_000
/**
 * Half of 10 KB/s: bytes count once the system has taken them, in pieces of up to 256 KiB, and who takes 10 KB/s is
 * never cut. A film that is stopped is; players go on with a range.
 */
const leastBytes = 300_000

/** Who reads bytes through this process. Each of them holds an open file, or a connection to the storage. */
export type Downloads = {
  /**
   * Takes a place until the answer has ended, and ends it when it is read too slowly. The server's own backends have
   * any number of places; others are counted as for the limits of their plan.
   * @throws Problem `rate-limited` when the reader has all of theirs.
   */
  begin(request: FastifyRequest, reply: FastifyReply): void
}

export function createDownloads({ clock }: { clock: Clock }): Downloads {
  const open = new Map<string, number>()

  function take(reader: string): () => void {
    const others = open.get(reader) ?? 0
    if (others >= mostPerReader)
      throw new Problem(
        'rate-limited',
        `${mostPerReader} downloads of yours are under way. Wait until one has ended.`,
        { retryAfterSeconds: 1 },
      )
    open.set(reader, others + 1)
    return () => {
      const left = (open.get(reader) ?? 1) - 1
      if (left > 0) open.set(reader, left)
      else open.delete(reader)
    }
  }

  return {
    begin({ caller, ip, raw }, reply) {
      // Its end has been told already.
      if (reply.raw.destroyed) throw new Problem('client-closed', 'The client went away.')
      const reader = caller?.limitKey ?? `address:${networkOf(ip)}`
      if (caller?.role !== 'service') reply.raw.once('close', take(reader))
      reply.raw.once('close', endWhenSlow(raw.socket, clock))
    },
  }
}

/** Returns the end of watching. */
function endWhenSlow(socket: Socket, clock: Clock): () => void {
  const taken = () => socket.bytesWritten - socket.writableLength
  let before = taken()
  let cancel = clock.after(lookMs, look)

  function look(): void {
    const now = taken()
    if (now - before < leastBytes) return void socket.destroy()
    before = now
    cancel = clock.after(lookMs, look)
  }
  return () => cancel()
}
