import {
  answerApproval,
  askEmbed,
  embedConfig,
  embedRun,
  embedVisitor,
  followRun,
  isProblem,
  Problem,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Entered } from '../../embeds/door.ts'
import type { Visitor } from '../../embeds/embed.ts'
import { headerCredential } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { lastEventId } from '../last-event-id.ts'
import { createRunEvents } from '../run-events.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** By which embed a request of a visitor came. */
    entered: Entered | undefined
  }
}

const prefix = '/api/v1/embed/:key'
const keyParams = z.object({ key: z.string().min(1).max(64) })
const runParams = keyParams.extend({ id: z.uuid({ error: 'The id of the run must be a UUID.' }) })
const approvalParams = runParams.extend({
  approval_id: z.uuid({ error: 'The id of the approval must be a UUID.' }),
})
const maxBodyBytes = 128 * 1024

/**
 * What a page of another origin may do with an embed key, and nothing else. Cross-origin rules are those of the key, not
 * of the server: no cookie and no credential of ours is looked at here, only the token of a visitor.
 */
export async function embedDoorRoutes(
  scope: FastifyInstance,
  { embeds: { door } }: Pick<HttpDependencies, 'embeds'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const sendEvents = createRunEvents(scope)
  const tags = ['Embeds']
  const config = { access: 'public', cors: false } as const

  scope.decorateRequest('entered', undefined)
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    // Before the schemas are looked at.
    const key = keyParams.safeParse(request.params).data?.key ?? ''
    const isOwnPage = request.headers['sec-fetch-site'] === 'same-origin'
    try {
      request.entered = await door.enter(key, { origin, isOwnPage, address: request.ip })
    } catch (error) {
      // That a key is gone or used too much is told, else its pages would take it for a lost connection and come for ever.
      if (!isProblem(error) || error.code === 'forbidden' || origin === undefined) throw error
      allow(reply, origin)
      if (request.method !== 'OPTIONS') throw error
    }
    if (origin !== undefined) allow(reply, origin)
  })

  for (const url of [prefix, `${prefix}/*`])
    scope.options(url, { config, schema: { hide: true } }, (_request, reply) =>
      reply
        .headers({
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'authorization, content-type, last-event-id, x-request-id',
          'access-control-max-age': '600',
        })
        .code(204)
        .send(),
    )

  app.get(
    prefix,
    {
      config,
      schema: {
        tags,
        summary: 'What a widget shows before anyone asks. For pages of the embed’s origins',
        params: keyParams,
        response: { 200: embedConfig },
      },
    },
    async (request, reply) => {
      const { embed, agent } = enteredOf(request)
      reply.header('cache-control', 'no-cache')
      const { name, description } = agent
      return { agent: { name, description }, theme: embed.theme, approvals: embed.approvals }
    },
  )

  app.post(
    `${prefix}/visitors`,
    {
      config,
      schema: {
        tags,
        summary:
          'A token for a visitor, good for this embed and origin alone; with one that is still good: of the same',
        params: keyParams,
        response: { 201: embedVisitor },
      },
    },
    async (request, reply) => {
      const { token, expiresAt } = door.visitor(enteredOf(request), headerCredential(request))
      reply.code(201).header('cache-control', 'no-store')
      return { token, expires_at: expiresAt.toISOString() }
    },
  )

  app.post(
    `${prefix}/runs`,
    {
      config: { ...config, ownDeadline: true },
      bodyLimit: maxBodyBytes,
      schema: {
        tags,
        summary: 'Ask the agent; the answer is the events of the run, as `GET .../runs/{id}/events` has them',
        params: keyParams,
        body: askEmbed,
      },
    },
    async (request, reply) => {
      const { entered, visitor } = visitorOf(request)
      await sendEvents(readerOf(entered), reply, async () => {
        const { id } = await door.ask(entered, visitor, request.body)
        return { follow: signal => door.follow(entered, visitor, id, 0, signal), isEnded: false }
      })
    },
  )

  app.get(
    `${prefix}/runs/:id/events`,
    {
      config: { ...config, ownDeadline: true },
      schema: {
        tags,
        summary:
          'The events of a run of this visitor behind number `Last-Event-ID`, then those that come; numbers may be missing',
        params: runParams,
        querystring: followRun,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { entered, visitor } = visitorOf(request)
      const { id, lastSeq, finishedAt } = await door.run(visitor, request.params.id)
      const after = Math.min(lastEventId(request) ?? request.query.starting_after ?? 0, lastSeq)
      const isEnded = finishedAt !== null
      if (isEnded && after >= lastSeq) return reply.code(204).send(null)
      return sendEvents(readerOf(entered), reply, () => ({
        follow: signal => door.follow(entered, visitor, id, after, signal),
        isEnded,
      }))
    },
  )

  app.post(
    `${prefix}/runs/:id/cancel`,
    {
      config,
      schema: {
        tags,
        summary: 'Stop a run of this visitor',
        params: runParams,
        response: { 200: embedRun },
      },
    },
    async request => {
      const { visitor } = visitorOf(request)
      const { id, status } = await door.cancel(visitor, request.params.id)
      return { id, status }
    },
  )

  app.post(
    `${prefix}/runs/:id/approvals/:approval_id`,
    {
      config,
      schema: {
        tags,
        summary: 'Allow or deny what a run of this visitor asks for, where the embed leaves that to visitors',
        params: approvalParams,
        body: answerApproval.pick({ approved: true }),
        response: { 200: embedRun },
      },
    },
    async request => {
      const { entered, visitor } = visitorOf(request)
      const { id: runId, approval_id: approvalId } = request.params
      const { id, status } = await door.answer(entered, visitor, runId, approvalId, request.body.approved)
      return { id, status }
    },
  )

  function visitorOf(request: FastifyRequest): { entered: Entered; visitor: Visitor } {
    const entered = enteredOf(request)
    return { entered, visitor: door.known(entered, headerCredential(request)) }
  }
}

/** The page may read the answer. */
function allow(reply: FastifyReply, origin: string): void {
  reply.header('access-control-allow-origin', origin)
  reply.header('access-control-expose-headers', 'x-request-id, retry-after')
}

function enteredOf({ entered }: FastifyRequest): Entered {
  if (!entered) throw new Problem('unauthenticated', 'This path is for pages with an embed key.')
  return entered
}

/** Streams are counted by embed: no site takes the places of another. */
function readerOf({ embed }: Entered): { limitKey: string } {
  return { limitKey: `embed:${embed.id}` }
}
