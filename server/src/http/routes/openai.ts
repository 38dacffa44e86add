import {
  chatCompletion,
  createChatCompletion,
  createEmbedding,
  embeddingList,
  openAiModel,
  openAiModelList,
  Problem,
  type Scope,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { workIdOf } from '../idempotency.ts'
import { completeWithAgent, streamFromAgent } from '../openai/agent-chat.ts'
import { agentModelOf } from '../openai/agent-request.ts'
import { embeddingIn } from '../openai/embeddings.ts'
import { listModels, readModel } from '../openai/models.ts'
import { assertPassable } from '../openai/passed-on.ts'
import { completeWithProvider, streamFromProvider } from '../openai/provider-chat.ts'
import { embedWithServed } from '../openai/served-embeddings.ts'
import { servedModelOf } from '../openai/served-model.ts'
import { toldProblem } from '../problems.ts'

/** A conversation, or texts to embed; pictures in them are longer than a control call. */
const bodyBytes = 8 * 1024 * 1024

/** What OpenAI's clients call: models of providers, agents as models, and served models that embed. */
export async function openAiRoutes(
  scope: FastifyInstance,
  { gateway, providers, agents, serving, embeddings, runs, ids, clock, log }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['OpenAI']
  const work = { ownDeadline: true, scopes: ['agents'] } as const

  app.get(
    '/v1/models',
    {
      config: { scopes: ['read', 'agents'] },
      schema: {
        tags,
        summary: 'Models of the providers, agents that you may call, and served models for embeddings',
        response: { 200: openAiModelList },
      },
    },
    async request => ({
      object: 'list' as const,
      data: await listModels({ providers, agents, serving }, callerOf(request)),
    }),
  )

  app.get(
    // Names of models hold slashes.
    '/v1/models/*',
    {
      config: { scopes: ['read', 'agents'] },
      schema: {
        tags,
        summary: 'One model',
        params: z.object({ '*': z.string() }),
        response: { 200: openAiModel },
      },
    },
    request => readModel({ providers, agents, serving }, callerOf(request), request.params['*']),
  )

  app.post(
    '/v1/chat/completions',
    {
      config: work,
      bodyLimit: bodyBytes,
      schema: {
        tags,
        summary: 'Ask a model, or an agent; with `stream` the answer comes as server-sent events',
        body: createChatCompletion,
        response: { 200: chatCompletion },
      },
    },
    async (request, reply) => {
      const { body } = request
      const caller = callerOf(request)
      const output = { reply, told: (error: unknown) => toldProblem(error, request, log) }
      const agent = agentModelOf(body.model)
      if (agent) {
        const call = { caller, agent, body, signal: goneSignal(reply) }
        if (body.stream) return streamFromAgent({ runs, agents }, call, output)
        return sendJson(reply, await completeWithAgent({ runs, agents }, call, reply))
      }
      const created = Math.floor(clock.now() / 1000)
      const head = { id: `chatcmpl-${ids.uuid()}`, created, model: body.model }
      const call = { caller, body, head, workId: workIdOf(request) }
      if (body.stream) return streamFromProvider(gateway, call, output)
      return sendJson(reply, await completeWithProvider(gateway, call, reply))
    },
  )

  app.post(
    '/v1/embeddings',
    {
      config: { ...work, scopes: ['agents', 'predict'] },
      bodyLimit: bodyBytes,
      schema: { tags, summary: 'Embed texts', body: createEmbedding, response: { 200: embeddingList } },
    },
    async (request, reply) => {
      const { body } = request
      const caller = callerOf(request)
      const workId = workIdOf(request)
      const served = servedModelOf(body.model)
      if (served) {
        assertScope(caller, 'predict')
        const call = { caller, model: served, body, signal: goneSignal(reply), workId }
        return sendJson(reply, await embedWithServed(embeddings, call))
      }
      assertScope(caller, 'agents')
      const { model, ...embedding } = body
      assertPassable(embedding)
      const answer = await gateway.embed(caller, { model, request: embedding, workId }, goneSignal(reply))
      const format = embedding.encoding_format ?? 'float'
      const data = answer.data.map(({ index, embedding }) => ({
        object: 'embedding',
        index,
        embedding: embeddingIn(format, embedding),
      }))
      return sendJson(reply, JSON.stringify({ object: 'list', data, model, usage: answer.usage }))
    },
  )
}

function assertScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope))
    throw new Problem('forbidden', `This model needs a credential with the scope ${scope}.`)
}

/** As text: answers of providers have fields that nobody lists. */
function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text)
}
