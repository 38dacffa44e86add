import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { context } from '../../kit/context.ts'
import { pathOf } from '../access-log.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { toldProblem } from '../problems.ts'
import { admit } from './admit.ts'
import { type Connection, goingAway, openConnection, policyViolation, tryAgainLater } from './connection.ts'

const path = '/ws'
const mostMessageBytes = 1024 * 1024
const beatMs = 30_000
const mostPerCaller = 100
/** Who has not answered the closing by then is cut off. */
const closingMs = 1000

/** Only there: clients that offer another protocol (`h2c`) with an ordinary request are answered as ever. */
export function mayUpgrade({ url, headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && pathOf(url ?? '') === path
}

/** Agents over a WebSocket, for the clients of the agent backend before this one, and new ones that resume. */
export async function webSocketRoutes(
  scope: FastifyInstance,
  { accounts, throttle, limits, runs, publicUrl, corsOrigins, clock, log }: HttpDependencies,
): Promise<void> {
  const origins = new Set([new URL(publicUrl).origin, ...corsOrigins])
  const open = new Map<Connection, string>()
  const beat = setInterval(() => {
    for (const connection of open.keys()) void connection.beat()
  }, beatMs)
  beat.unref()
  scope.addHook('onClose', async () => clearInterval(beat))

  await scope.register(websocket, {
    options: { maxPayload: mostMessageBytes },
    // The socket is being closed with the code that fits.
    errorHandler: error => log.debug('web-socket-fail', { err: error }),
    preClose(done) {
      const { websocketServer } = this
      for (const connection of open.keys()) connection.close(goingAway, 'The server is stopping.')
      setTimeout(() => {
        for (const socket of websocketServer.clients) socket.terminate()
      }, closingMs).unref()
      websocketServer.close()
      done()
    },
  })

  scope.route({
    method: 'GET',
    url: path,
    // Browsers are told nothing of a handshake that is refused, so that each is finished, and closed with the reason.
    config: { access: 'public', ownDeadline: true },
    schema: { hide: true },
    handler() {
      throw new Problem('invalid-request', 'Connect with a WebSocket.')
    },
    async wsHandler(socket, request) {
      // Nothing is read until it is known whose it is.
      socket.pause()
      try {
        await begin(socket, request)
      } catch (error) {
        const problem = toldProblem(error, request, log)
        socket.close(problem.retryable ? tryAgainLater : policyViolation, problem.message.slice(0, 120))
        setTimeout(() => socket.terminate(), closingMs).unref()
      } finally {
        socket.resume()
      }
    },
  })

  async function begin(socket: WebSocket, request: FastifyRequest): Promise<void> {
    const { caller, credential } = await admit(request, { accounts, throttle, origins })
    let count = 0
    for (const key of open.values()) count += Number(key === caller.limitKey)
    if (count >= mostPerCaller)
      throw new Problem('rate-limited', `No more than ${mostPerCaller} connections at a time.`)
    if (socket.readyState !== socket.OPEN) return
    request.caller = caller
    const told = (error: unknown) => toldProblem(error, request, log)
    context.run({ requestId: request.id, userId: caller.userId, ip: request.ip }, () => {
      const identify = () => accounts.identify(credential)
      const connection = openConnection(socket, caller, { runs, limits, clock, identify, told })
      open.set(connection, caller.limitKey)
      socket.once('close', () => open.delete(connection))
    })
  }
}
