import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server'
import {
  CLIENT_CAPABILITIES_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server'
import type { Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Caller } from '../../accounts/caller.ts'
import type { TensorCodec } from '../../ports/tensor-codec.ts'
import type { Predictions } from '../../predictions/predictions.ts'
import type { Runs } from '../../runs/run.ts'
import { clientClosed } from '../gone.ts'
import { callAgent } from './agent-tool.ts'
import type { Waiting, WaitingSeal } from './approvals.ts'
import { callModel } from './model-tool.ts'
import type { ToolAnswer, ToolCall } from './tool.ts'
import type { McpTools } from './tools.ts'

export type ServerRooms = {
  tools: McpTools
  runs: Runs
  predictions: Predictions
  codec: TensorCodec
  waitingSeal: WaitingSeal
  version: string
}

/** Who asks, in one request. */
export type Asking = {
  readonly caller: Caller
  readonly era: 'legacy' | 'modern'
  /** Aborted by a notice of the client that it wants no answer. */
  readonly cancelled: AbortSignal
  /** Makes what is thrown what the client is told. */
  told(error: unknown): Problem
  /** For the log. */
  ended(call: { tool: string; isError: boolean; durationMs: number }): void
}

/** What a client keeps of a list; the next one is as good as new. */
const listTtlMs = 60_000
const instructions =
  'Tools named agent_… ask an agent in words and give its answer. Tools named model_… predict with a model, from nested arrays to nested arrays. What a tool costs stands in its description.'

/** A server for one request. Source: MCP 2026-07-28 and 2025-11-25. */
export function createMcpServer(rooms: ServerRooms, asking: Asking): Server {
  const { tools, waitingSeal, version } = rooms
  const { caller } = asking
  const server = new Server(
    { name: 'roundhouse', title: 'Roundhouse', version },
    {
      capabilities: { tools: {} },
      instructions,
      cacheHints: {
        'tools/list': { ttlMs: listTtlMs, cacheScope: 'private' },
        'server/discover': { ttlMs: listTtlMs, cacheScope: 'private' },
      },
      requestState: { verify: state => waitingSeal.open(caller, state) },
    },
  )

  server.setRequestHandler('tools/list', async ({ params }) => {
    const page = await tools.list(caller, nameIn(params?.cursor)).catch(error => {
      throw internal(asking.told(error))
    })
    const last = page.tools.at(-1)
    return { tools: page.tools, ...(page.isLast || !last ? {} : { nextCursor: cursorOf(last.name) }) }
  })

  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const startedAt = performance.now()
    let isError = true
    try {
      const answer = await answered(params.name, params.arguments ?? {}, context)
      isError = answer.isError === true
      return answer
    } finally {
      asking.ended({ tool: params.name, isError, durationMs: performance.now() - startedAt })
    }
  })

  async function answered(name: string, args: unknown, context: ServerContext): Promise<ToolAnswer> {
    const meant = await tools.find(caller, name).catch(error => {
      throw internal(asking.told(error))
    })
    if (!meant) throw unknownTool(caller, name)
    const call = callOf(asking, context)
    try {
      return meant.kind === 'agent'
        ? await callAgent(rooms, meant.agent, args, call)
        : await callModel(rooms, meant.model, args, call)
    } catch (error) {
      return failed(call.signal.aborted ? clientClosed() : asking.told(error))
    }
  }

  return server
}

function callOf({ caller, era, cancelled }: Asking, { mcpReq }: ServerContext): ToolCall {
  const { _meta: meta, envelope, inputResponses = {}, requestState } = mcpReq
  const progressToken = meta?.progressToken
  return {
    caller,
    signal: AbortSignal.any([mcpReq.signal, cancelled]),
    // Before revision 2026-07-28 a connection that is lost says nothing of what the client wants.
    isCancelled: () => cancelled.aborted || (era === 'modern' && mcpReq.signal.aborted),
    canAsk: era === 'modern' && mayAsk(envelope),
    state: era === 'modern' ? requestState<Waiting>() : undefined,
    inputResponses,
    async tell({ seq, message, event }) {
      if (progressToken === undefined) return
      const params = { progressToken, progress: seq, message, _meta: { 'roundhouse/event': event } }
      await mcpReq.notify({ method: 'notifications/progress', params })
    },
  }
}

/** Of revision 2026-07-28, which every request says anew. */
const capabilities = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({
    elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial().optional(),
  }),
})

/** A client that names no mode means forms. */
function mayAsk(envelope: unknown): boolean {
  const elicitation = capabilities.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY].elicitation
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
}

function failed({ message }: Problem): CallToolResult {
  return { content: [{ type: 'text', text: message }], isError: true }
}

/** What is thrown elsewhere would go to the client as it is. */
function internal({ message }: Problem): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InternalError, message)
}

function unknownTool({ role }: Caller, name: string): ProtocolError {
  const hint = role === 'anonymous' ? ' Without a key or token only free public models are tools.' : ''
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `There is no tool named ${name.slice(0, 128)} for you.${hint}`,
  )
}

function cursorOf(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function nameIn(cursor: string | undefined): string {
  if (cursor === undefined) return ''
  const name = Buffer.from(cursor, 'base64url').toString()
  if (cursorOf(name) === cursor && /^(agent|model)_[A-Za-z0-9_-]{1,64}$/.test(name)) return name
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The cursor is none of this list.')
}
