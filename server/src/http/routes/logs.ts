import { followLogs, listLogs, logList } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Followed } from '../../logs/logs.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { createEventStreams, type ServerEvent } from '../event-stream.ts'
import { lineBody } from '../story-wire.ts'
import { decodeCursor, encodeCursor } from '../wire.ts'

/** Where the page before ended: milliseconds since the epoch, and the id. */
const lineCursor = z
  .string()
  .regex(/^\d{1,15}_\d{1,15}$/)
  .transform(text => {
    const [at = '', id = ''] = text.split('_')
    return { at: new Date(Number(at)), id: Number(id) }
  })

/** What every process has told, for administrators. */
export async function logRoutes(
  scope: FastifyInstance,
  { logs }: Pick<HttpDependencies, 'logs'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const sendEvents = createEventStreams(scope)
  const tags = ['Logs']
  const config = { access: 'admin', scopes: ['admin'] } as const

  app.get(
    '/api/v1/logs',
    {
      config,
      schema: {
        tags,
        summary:
          'Log lines of every process, newest first, by a query such as `level:error path:/api/v1/models`',
        querystring: listLogs,
        response: { 200: logList },
      },
    },
    async request => {
      const { q, request_id: requestId, from, to, limit, cursor } = request.query
      const { lines, searchedTo, newestId } = await logs.list(callerOf(request), {
        q,
        requestId,
        from: from === undefined ? undefined : new Date(from),
        to: to === undefined ? undefined : new Date(to),
        before: decodeCursor(cursor, lineCursor),
        limit,
      })
      return {
        data: lines.map(lineBody),
        next_cursor: searchedTo && encodeCursor(`${searchedTo.at.getTime()}_${searchedTo.id}`),
        searched_to: searchedTo?.at.toISOString() ?? null,
        newest_id: newestId,
      }
    },
  )

  app.get(
    '/api/v1/logs/events',
    {
      config: { ...config, ownDeadline: true },
      schema: {
        tags,
        summary:
          'Log lines as they are stored, as server-sent events `line`, behind the id `Last-Event-ID` or `after`; `position` where it begins, `shutdown` when the server stops. Ends after ten minutes: come back with the last id',
        querystring: followLogs,
      },
    },
    (request, reply) => {
      const { q, request_id: requestId, after } = request.query
      const caller = callerOf(request)
      return sendEvents(caller, reply, signal =>
        toEvents(logs.follow(caller, { q, requestId }, lastLine(request) ?? after, signal)),
      )
    },
  )
}

/** Undefined when it is not one of our ids. */
function lastLine({ headers }: FastifyRequest): number | undefined {
  const text = headers['last-event-id']
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

async function* toEvents(followed: AsyncIterable<Followed>): AsyncGenerator<ServerEvent, void> {
  for await (const { upTo, line } of followed)
    yield line === null
      ? { event: 'position', id: String(upTo), data: { id: upTo } }
      : { event: 'line', id: String(upTo), data: lineBody(line) }
}
