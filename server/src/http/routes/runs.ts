import {
  answerApproval,
  createRun,
  followRun,
  isProblem,
  listRuns,
  listThreads,
  runEventsGone,
  runInput,
  runList,
  run as runSchema,
  runTrace,
  threadList,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { mayEverything } from '../../accounts/caller.ts'
import type { Run } from '../../runs/run.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { lastEventId } from '../last-event-id.ts'
import { ownBody } from '../problems.ts'
import { createRunEvents } from '../run-events.ts'
import { runBody, spanBody, threadBody } from '../run-wire.ts'
import { decodeCursor, idParams, pageOf } from '../wire.ts'

const reading = { scopes: ['read', 'agents'] } as const
const changing = { scopes: ['agents'] } as const
/** A conversation of a thousand long messages. */
const maxBodyBytes = 8 * 1024 * 1024
const approvalParams = idParams.extend({
  approval_id: z.uuid({ error: 'The id of the approval must be a UUID.' }),
})
/** Where the page before ended: milliseconds since the epoch, and the id. */
const placeCursor = z
  .string()
  .regex(/^\d{1,15}_[0-9a-f-]{36}$/)
  .transform(text => {
    const [at = '', id = ''] = text.split('_')
    return { at: new Date(Number(at)), id: z.uuid().parse(id) }
  })

/** Runs of agents: begun, followed, stopped, answered. */
export async function runRoutes(
  scope: FastifyInstance,
  { runs }: Pick<HttpDependencies, 'runs'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const sendEvents = createRunEvents(scope)
  const tags = ['Runs']

  app.post(
    '/api/v1/agents/:id/runs',
    {
      config: { ...changing, ownDeadline: true },
      bodyLimit: maxBodyBytes,
      schema: {
        tags,
        summary:
          'Ask an agent. The run goes on whoever stays; with `stream` the answer is its events, as `GET /api/v1/runs/{id}/events` has them',
        params: idParams,
        body: createRun,
        response: { 201: runSchema },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { messages, thread_id: threadId, version, stream } = request.body
      const order = { agentId: request.params.id, messages, threadId, version }

      async function start(): Promise<Run> {
        reply.code(201)
        const run = await runs.start(caller, order, keepAnswer(request, reply, runBody))
        reply.header('location', `/api/v1/runs/${run.id}`)
        return run
      }

      if (!stream) return runBody(await start())
      return sendEvents(caller, reply, async () => {
        const { id } = await start()
        return { follow: signal => runs.follow(caller, id, 0, signal), isEnded: false }
      })
    },
  )

  app.get(
    '/api/v1/runs',
    {
      config: reading,
      schema: {
        tags,
        summary: 'Your runs, newest first; for administrators those of everyone',
        querystring: listRuns,
        response: { 200: runList },
      },
    },
    async request => {
      const { limit, cursor, status, agent_id: agentId, thread_id: threadId } = request.query
      const place = decodeCursor(cursor, placeCursor)
      const before = place && { createdAt: place.at, id: place.id }
      const filter = { status, agentId, threadId, parentId: request.query.parent_run_id, before }
      const rows = await runs.list(callerOf(request), { ...filter, limit: limit + 1 })
      return pageOf(rows, limit, runBody, row => `${row.createdAt.getTime()}_${row.id}`)
    },
  )

  app.get(
    '/api/v1/runs/:id',
    {
      config: reading,
      schema: { tags, summary: 'One run', params: idParams, response: { 200: runSchema } },
    },
    async request => runBody(await runs.get(callerOf(request), request.params.id)),
  )

  app.get(
    '/api/v1/runs/:id/events',
    {
      config: { ...reading, ownDeadline: true },
      schema: {
        tags,
        summary:
          'The events of the run behind number `Last-Event-ID`, or `starting_after`, then those that come, as server-sent events; `shutdown` when the server stops before the last one, 204 behind it',
        params: idParams,
        querystring: followRun,
        response: { 204: z.null(), 410: runEventsGone },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { id } = request.params
      const run = await runs.get(caller, id)
      // Behind a number that there is not yet nothing would ever come, not even the last event.
      const after = Math.min(lastEventId(request) ?? request.query.starting_after ?? 0, run.lastSeq)
      const isEnded = run.finishedAt !== null
      // Only so does an EventSource stop to come back.
      if (isEnded && after >= run.lastSeq) return reply.code(204).send(null)
      const follow = (signal: AbortSignal) => runs.follow(caller, id, after, signal)
      try {
        return await sendEvents(caller, reply, () => ({ follow, isEnded }))
      } catch (error) {
        if (!isProblem(error) || error.code !== 'run-events-gone') throw error
        return reply.code(410).send({ ...ownBody(error, request.id), run: runBody(run) })
      }
    },
  )

  app.post(
    '/api/v1/runs/:id/cancel',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Tell a run to stop; what it has done so far is paid. Nothing happens to one that has ended',
        params: idParams,
        response: { 200: runSchema },
      },
    },
    async request => runBody(await runs.cancel(callerOf(request), request.params.id)),
  )

  app.post(
    '/api/v1/runs/:id/approvals/:approval_id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Allow or deny what the run asked for; it goes on when all its questions are answered',
        params: approvalParams,
        body: answerApproval,
        response: { 200: runSchema },
      },
    },
    async request => {
      const { id, approval_id: approvalId } = request.params
      const { approved, note = null } = request.body
      return runBody(await runs.answer(callerOf(request), id, approvalId, { approved, note }))
    },
  )

  app.get(
    '/api/v1/runs/:id/input',
    {
      config: reading,
      schema: {
        tags,
        summary: 'What the run was asked, and what its thread remembered then',
        params: idParams,
        response: { 200: runInput },
      },
    },
    async request => {
      const { id } = request.params
      const { input, memory } = await runs.input(callerOf(request), id)
      return { run_id: id, messages: [...input], memory: [...memory] }
    },
  )

  app.get(
    '/api/v1/threads',
    {
      config: reading,
      schema: {
        tags,
        summary: 'Your conversations with agents, the last used first',
        querystring: listThreads,
        response: { 200: threadList },
      },
    },
    async request => {
      const { limit, cursor, agent_id: agentId } = request.query
      const place = decodeCursor(cursor, placeCursor)
      const before = place && { usedAt: place.at, id: place.id }
      const rows = await runs.threads(callerOf(request), { agentId, limit: limit + 1, before })
      return pageOf(rows, limit, threadBody, row => `${row.usedAt.getTime()}_${row.id}`)
    },
  )

  app.get(
    '/api/v1/runs/:id/trace',
    {
      config: reading,
      schema: {
        tags,
        summary:
          'What the run did, step by step, with its times, tokens and credits; for administrators also its cost',
        params: idParams,
        response: { 200: runTrace },
      },
    },
    async request => {
      const caller = callerOf(request)
      const { id } = request.params
      const [run, spans] = await Promise.all([runs.get(caller, id), runs.trace(caller, id)])
      const isCostTold = mayEverything(caller)
      return { run_id: id, request_id: run.requestId, spans: spans.map(span => spanBody(span, isCostTold)) }
    },
  )
}
