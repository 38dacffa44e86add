import {
  agentPage,
  createEmbed,
  embed,
  embedList,
  isStorable,
  notStorable,
  updateEmbed,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { plainTheme } from '../../embeds/administration.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { embedBody } from '../embed-wire.ts'
import { keepAnswer } from '../idempotency.ts'
import { idParams } from '../wire.ts'

const changing = { scopes: ['agents'] } as const
const reading = { scopes: ['read', 'agents'] } as const
const embedParams = idParams.extend({ embed_id: z.uuid({ error: 'The id of the embed must be a UUID.' }) })

/** Public keys of an agent for the pages of others, and what its own page is made of. */
export async function embedRoutes(
  scope: FastifyInstance,
  { embeds }: Pick<HttpDependencies, 'embeds'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Embeds']

  app.post(
    '/api/v1/agents/:id/embeds',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Make a public key by which pages of other origins ask the agent, within limits',
        params: idParams,
        body: createEmbed,
        response: { 201: embed },
      },
    },
    async (request, reply) => {
      const keep = keepAnswer(request, reply.code(201), embedBody)
      return embedBody(await embeds.create(callerOf(request), request.params.id, request.body, keep))
    },
  )

  app.get(
    '/api/v1/agents/:id/embeds',
    {
      config: reading,
      schema: {
        tags,
        summary: 'The embeds of an agent, the oldest first; for those who may change it',
        params: idParams,
        response: { 200: embedList },
      },
    },
    async request => ({ data: (await embeds.list(callerOf(request), request.params.id)).map(embedBody) }),
  )

  app.patch(
    '/api/v1/agents/:id/embeds/:embed_id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Change an embed, or switch it off; counts at once',
        params: embedParams,
        body: updateEmbed,
        response: { 200: embed },
      },
    },
    async request => {
      const { id, embed_id: embedId } = request.params
      return embedBody(await embeds.update(callerOf(request), id, embedId, request.body))
    },
  )

  app.delete(
    '/api/v1/agents/:id/embeds/:embed_id',
    {
      config: changing,
      schema: {
        tags,
        summary: 'Remove an embed: its key opens nothing from now on',
        params: embedParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await embeds.remove(callerOf(request), request.params.id, request.params.embed_id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/v1/agents/by-slug/:slug',
    {
      config: { access: 'anyone', ...reading },
      schema: {
        tags,
        summary: 'What the page of an agent is made of, and what the caller may do there',
        params: z.object({ slug: z.string().min(1).max(64).refine(isStorable, { error: notStorable }) }),
        response: { 200: agentPage },
      },
    },
    async request => {
      const { agent, mayRun, mayManage, shared } = await embeds.page(callerOf(request), request.params.slug)
      const { id, slug, name, description, is_published } = agent
      return {
        id,
        slug,
        name,
        description,
        is_published,
        may_run: mayRun,
        may_manage: mayManage,
        embed_key: shared?.key ?? null,
        theme: shared?.theme ?? plainTheme,
      }
    },
  )
}
