import {
  agent,
  agentList,
  agentTemplateList,
  agentVersionList,
  agentView as agentViewSchema,
  createAgent,
  largestInteger,
  listAgents,
  rollbackAgent,
  updateAgent,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { agentTemplates } from '../../agents/templates.ts'
import { agentBody, agentView, versionBody } from '../agent-wire.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { decodeCursor, idParams, numberCursor, pageBody, uuidCursor } from '../wire.ts'

const changing = { scopes: ['agents'] } as const
const reading = { scopes: ['read', 'agents'] } as const
/** Public agents are shown to everyone; of what a caller may not see the room says that it is not there. */
const readable = { access: 'anyone', ...reading } as const

/** Agents, their drafts and versions; not their runs. */
export async function agentRoutes(
  scope: FastifyInstance,
  { agents }: Pick<HttpDependencies, 'agents'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Agents']

  app.post(
    '/api/v1/agents',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Create an agent: a draft, to be published',
        body: createAgent,
        response: { 201: agent },
      },
    },
    async (request, reply) => {
      const { name, slug, description, visibility, ...config } = request.body
      const draft = { name, slug, description, visibility, config }
      const keep = keepAnswer(request, reply.code(201), agentBody)
      return agentBody(await agents.create(callerOf(request), draft, keep))
    },
  )

  app.get(
    '/api/v1/agents',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the agents that the caller may see, newest first',
        querystring: listAgents,
        response: { 200: agentList },
      },
    },
    async request => {
      const caller = callerOf(request)
      const { limit, cursor } = request.query
      const beforeId = decodeCursor(cursor, uuidCursor)
      const page = await agents.list(caller, { beforeId, limit })
      return pageBody(
        page,
        row => agentView(caller, row),
        row => row.id,
      )
    },
  )

  app.get(
    '/api/v1/agents/templates',
    {
      config: reading,
      schema: {
        tags,
        summary: 'Agents to begin with; each can be created as it is',
        response: { 200: agentTemplateList },
      },
    },
    async () => ({ data: agentTemplates() }),
  )

  app.get(
    '/api/v1/agents/:id',
    {
      config: readable,
      schema: {
        tags,
        summary: 'One agent: its draft too for those who may change it',
        params: idParams,
        response: { 200: agentViewSchema },
      },
    },
    async request => {
      const caller = callerOf(request)
      return agentView(caller, await agents.get(caller, request.params))
    },
  )

  app.patch(
    '/api/v1/agents/:id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Change the draft, describe, share, or take back what is published',
        params: idParams,
        body: updateAgent,
        response: { 200: agent },
      },
    },
    async request => {
      const { name, slug, description, visibility, is_published, ...config } = request.body
      const unpublish = is_published === false
      const change = { name, slug, description, visibility, config, unpublish }
      return agentBody(await agents.update(callerOf(request), request.params.id, change))
    },
  )

  app.delete(
    '/api/v1/agents/:id',
    {
      config: changing,
      schema: {
        tags,
        summary:
          'Remove an agent, its versions and its threads; its runs stay, without the questions after the retention',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await agents.remove(callerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/agents/:id/publish',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Make a version of the draft and publish it',
        params: idParams,
        response: { 200: agent },
      },
    },
    async (request, reply) => {
      const keep = keepAnswer(request, reply.code(200), agentBody)
      return agentBody(await agents.publish(callerOf(request), request.params.id, keep))
    },
  )

  app.get(
    '/api/v1/agents/:id/versions',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the versions of an agent, newest first',
        params: idParams,
        querystring: listAgents,
        response: { 200: agentVersionList },
      },
    },
    async request => {
      const { limit, cursor } = request.query
      const before = decodeCursor(cursor, numberCursor.max(largestInteger))
      const { agent, page } = await agents.versions(callerOf(request), request.params.id, { before, limit })
      return pageBody(
        page,
        row => versionBody(agent, row),
        row => row.version,
      )
    },
  )

  app.post(
    '/api/v1/agents/:id/rollback',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Publish a version that was made before',
        params: idParams,
        body: rollbackAgent,
        response: { 200: agent },
      },
    },
    async request => {
      const { id } = request.params
      return agentBody(await agents.rollback(callerOf(request), id, request.body.version))
    },
  )
}
