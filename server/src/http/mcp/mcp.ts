import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { toldProblem } from '../problems.ts'
import { createWaitingSeal } from './approvals.ts'
import { type Client, createCancellations } from './cancellations.ts'
import type { Asking } from './server.ts'
import { createMcpTools } from './tools.ts'

const message = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({}).optional(),
})
const longestShown = 128
const cancelNotice = z.object({ requestId: z.union([z.string(), z.number()]) })

/**
 * Answers a POST of the Model Context Protocol, of both its eras: each by a server of its own, which nothing outlives.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28
 */
export function createMcp(
  dependencies: HttpDependencies,
): (request: FastifyRequest, reply: FastifyReply) => Promise<Response> {
  const { sealer, clock, log } = dependencies
  const rooms = {
    ...dependencies,
    tools: createMcpTools(dependencies),
    waitingSeal: createWaitingSeal(sealer, clock),
  }
  const cancellations = createCancellations()

  return async (request, reply) => {
    const { body } = request
    if (Array.isArray(body))
      throw new Problem('invalid-request', 'One message at a time: lists of messages are not taken.')
    const { data } = message.safeParse(body)
    if (data?.method === 'subscriptions/listen') return noNews(data.id)
    const client = clientOf(request)
    if (data?.method === 'notifications/cancelled') cancelNamed(client, data.params)
    const running = data?.id === undefined ? undefined : cancellations.begin(client, data.id)
    const never = new AbortController().signal
    reply.raw.once('close', () => running?.end())

    const asking = (era: Asking['era']): Asking => ({
      caller: client.caller,
      era,
      cancelled: running?.signal ?? never,
      told: error => toldProblem(error, request, log),
      ended: ({ tool, isError, durationMs }) =>
        log.info('mcp-call', {
          request_id: request.id,
          user_id: client.caller.userId,
          tool: tool.slice(0, longestShown),
          era,
          is_error: isError,
          duration_ms: Math.round(durationMs),
        }),
    })

    // 300 ms and 30 MB, which only those pay who are asked.
    const [{ createMcpHandler }, { createMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('./server.ts'),
    ])
    const handler = createMcpHandler(({ era }) => createMcpServer(rooms, asking(era)), {
      // A call may take long, and a connection that is silent is cut: comments keep it.
      responseMode: data?.method === 'tools/call' ? 'sse' : 'auto',
    })
    return handler.fetch(webRequest(request, goneSignal(reply)), { parsedBody: body })
  }

  function cancelNamed(client: Client, params: unknown): void {
    const { data } = cancelNotice.safeParse(params)
    if (data) cancellations.cancel(client, data.requestId)
  }
}

/** Nothing is told of lists that change, so that nobody needs to wait for it. */
function noNews(id: string | number | undefined): Response {
  const error = {
    code: -32601,
    message: 'Method not found: this server tells no changes. Ask again for the list.',
  }
  return Response.json({ jsonrpc: '2.0', id: id ?? null, error }, { status: 404 })
}

function clientOf(request: FastifyRequest): Client {
  return { caller: callerOf(request), ip: request.ip, agent: request.headers['user-agent'] }
}

/** Without the body, which has been read. */
function webRequest({ host, url, headers }: FastifyRequest, signal: AbortSignal): Request {
  const fields = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [value].flat().map(one => [name, one]),
  )
  return new Request(new URL(url, `http://${host}`), { method: 'POST', headers: fields, signal })
}
