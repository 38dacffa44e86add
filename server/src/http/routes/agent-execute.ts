import {
  type AgentConfig,
  executeAgent,
  executedAgent,
  executeValidatedAgent,
  isProblem,
  Problem,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { StartRun } from '../../runs/run.ts'
import { configOf, unstoredConfig } from '../agent-execute/config.ts'
import { executeStreaming, executeWhole } from '../agent-execute/execute.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { goneSignal } from '../gone.ts'
import { goOnUnderKey, workIdOf } from '../idempotency.ts'
import { toldProblem } from '../problems.ts'

const bodyBytes = 8 * 1024 * 1024
/** The knowledge of the agent comes with each call. */
const validatedBodyBytes = 50 * 1024 * 1024

/** The doors of the agent backend before this one: its clients go on unchanged. */
export async function agentExecuteRoutes(
  scope: FastifyInstance,
  { accounts, agents, runs, clock, log }: HttpDependencies,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Agents']
  const config = { ownDeadline: true, scopes: ['agents'] } as const

  app.get(
    '/api/agent/health',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Whether this door is open',
        response: { 200: z.object({ status: z.literal('ok'), service: z.literal('agent-executor') }) },
      },
    },
    () => ({ status: 'ok' as const, service: 'agent-executor' as const }),
  )

  app.post(
    '/api/agent/execute',
    {
      config,
      bodyLimit: bodyBytes,
      schema: {
        tags,
        summary: 'Ask an agent; with `stream` the answer comes as server-sent events',
        body: executeAgent,
        response: { 200: executedAgent },
      },
    },
    (request, reply) => {
      const { agentId, messages, stream } = request.body
      return execute(request, reply, { caller: callerOf(request), order: { agentId, messages }, stream })
    },
  )

  app.post(
    '/api/agent/execute-validated',
    {
      config: { ...config, forBackends: true },
      bodyLimit: validatedBodyBytes,
      schema: {
        tags,
        summary:
          'For the backend of an app, with `x-railway-secret`: ask an agent for a user, who is not charged',
        body: executeValidatedAgent,
        response: { 200: executedAgent },
      },
      // Before the body is read.
      onRequest(request, _reply, done) {
        const isBackend = callerOf(request).kind === 'backend-secret'
        done(
          isBackend
            ? undefined
            : new Problem('unauthenticated', 'This path needs the header x-railway-secret.'),
        )
      },
    },
    async (request, reply) => {
      const { userId, agentId, agentConfig, messages, stream } = request.body
      // The backend's rights, in the name of the user; who is not known here is the house.
      const user = await accounts.owner(userId)
      const caller = { ...callerOf(request), userId: user?.userId ?? null }
      const stored = await storedConfig(caller, agentId, agentConfig.ai_model)
      const order = { agentId, messages, isCharged: false, config: configOf(agentConfig, stored) }
      return execute(request, reply, { caller, order, stream })
    },
  )

  /** The backend may have agents of its own, in tables of its own. @throws Problem `agent-not-found` without a model. */
  async function storedConfig(
    caller: Caller,
    id: string,
    model: string | null | undefined,
  ): Promise<AgentConfig> {
    try {
      return (await agents.runnable(caller, { id })).config
    } catch (error) {
      if (!model || !isProblem(error) || error.code !== 'agent-not-found') throw error
      return unstoredConfig(model)
    }
  }

  function execute(
    request: FastifyRequest,
    reply: FastifyReply,
    { caller, order, stream }: { caller: Caller; order: StartRun; stream: boolean },
  ): Promise<{ response: string; executionTime: number } | undefined> {
    const execution = {
      caller,
      order: { ...order, ...workUnderKey(request), isAwaited: true },
      signal: goneSignal(reply),
    }
    if (!stream) return executeWhole({ runs, clock }, execution)
    // Of a stream no answer is kept: sent again, it is told again from the run.
    goOnUnderKey(request)
    return executeStreaming({ runs, clock }, execution, {
      reply,
      told: error => toldProblem(error, request, log),
    })
  }
}

/** One key is one run. */
function workUnderKey(request: FastifyRequest): Pick<StartRun, 'id'> {
  const id = workIdOf(request)
  return id === undefined ? {} : { id }
}
