import type { ProblemCode } from '@roundhouse/sdk/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../kit/clock.ts'

/** After these no more of a body is wanted, also when none of it was read. */
const cutsOff: ReadonlySet<ProblemCode> = new Set([
  'payload-too-large',
  'quota-exceeded',
  'rate-limited',
  'request-timeout',
])

/** What is sent so long after the answer is not waited for. nginx waits for up to 30 s (`lingering_time`). */
const lingerMs = 10_000

/**
 * Before a refusal is sent: the rest of a body that is cut off could only be taken for the next request, so the
 * connection ends with the answer. A body of which nothing was read is skipped by Node, and the connection goes on.
 */
export function refuseBody(
  request: FastifyRequest,
  reply: FastifyReply,
  { code, clock }: { code: ProblemCode; clock: Clock },
): void {
  const { raw } = request
  if (code === 'client-closed') return void reply.header('connection', 'close')
  const wasBegun = raw.readableDidRead && !raw.readableEnded
  if (!wasBegun && !(cutsOff.has(code) && isOnItsWay(request))) return
  if (!raw.complete) {
    reply.header('connection', 'close')
    endInTwoSteps(request, clock)
  }
  // A handler that was not done in time may read on, until the connection is gone.
  if (code === 'request-timeout' && wasBegun) return
  // Others have stopped reading: what is there already would stay before the next request.
  raw.unpipe()
  raw.resume()
}

function isOnItsWay({ raw }: FastifyRequest): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = raw.headers
  return !raw.complete && (encoding !== undefined || Number(length) > 0)
}

/**
 * Only our side of the connection ends with the answer, and what still comes is thrown away. Node would close both,
 * which resets a connection that holds unread bytes, and takes the answer from a client that sends everything before it
 * reads. Source: RFC 9112, 9.6.
 */
function endInTwoSteps({ raw }: FastifyRequest, clock: Clock): void {
  const { socket } = raw
  const destroySoon = socket.destroySoon.bind(socket)
  // What Node's server calls when the last answer of a connection is written.
  socket.destroySoon = () => {
    if (raw.readableEnded) return destroySoon()
    socket.end()
    raw.once('end', destroySoon)
  }
  socket.once(
    'close',
    clock.after(lingerMs, () => socket.destroy()),
  )
}
