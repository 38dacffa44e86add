import type { Tool } from '@modelcontextprotocol/server'
import { isProblem } from '@roundhouse/sdk/contract'
import { type Caller, maySee } from '../../accounts/caller.ts'
import type { AgentLookup, AgentSummary } from '../../agents/agent.ts'
import type { Model } from '../../models/model.ts'
import type { Serving } from '../../models/serving.ts'
import { agentTool } from './agent-tool.ts'
import { modelTool } from './model-tool.ts'
import { isCutOf, namedBy, toolName } from './tool-names.ts'

/** What a tool stands for. */
export type Meant =
  | { readonly kind: 'agent'; readonly agent: AgentSummary }
  | { readonly kind: 'model'; readonly model: Model }

export type McpTools = {
  /** Those behind the name `after`, by name. */
  list(caller: Caller, after: string): Promise<{ tools: Tool[]; isLast: boolean }>
  /** Undefined when the caller has no such tool. */
  find(caller: Caller, name: string): Promise<Meant | undefined>
}

type Rooms = { agents: AgentLookup; serving: Pick<Serving, 'named' | 'row'> }

const pageSize = 100

/**
 * The published agents and the ready models that a caller may use, as far as their credential reaches: with the scope
 * `agents`, and with `predict`. Who is nobody is shown what is free and public.
 */
export function createMcpTools({ agents, serving }: Rooms): McpTools {
  async function agentsOf(caller: Caller): Promise<readonly AgentSummary[]> {
    return caller.scopes.has('agents') ? agents.published(caller) : []
  }

  function modelsOf(caller: Caller): Model[] {
    return caller.scopes.has('predict') ? serving.named(caller).filter(model => isUsable(caller, model)) : []
  }

  async function agentNamed(caller: Caller, slug: string): Promise<AgentSummary | undefined> {
    if (!caller.scopes.has('agents')) return undefined
    const found = await agents.runnable(caller, { slug }).catch(undefinedWhenRefused)
    return found?.agent.is_published && maySee(caller, found.agent) ? found.agent : undefined
  }

  async function modelNamed(caller: Caller, name: string): Promise<Model | undefined> {
    if (!caller.scopes.has('predict')) return undefined
    const found = await Promise.resolve(serving.row(caller, { name })).catch(undefinedWhenRefused)
    return found && isUsable(caller, found) ? found : undefined
  }

  return {
    async list(caller, after) {
      const makers = new Map<string, () => Tool>()
      for (const agent of await agentsOf(caller))
        makers.set(toolName('agent', agent.slug), () => agentTool(agent))
      for (const model of modelsOf(caller)) makers.set(toolName('model', model.name), () => modelTool(model))
      const behind = [...makers].filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1))
      const tools = behind.slice(0, pageSize).map(([, make]) => make())
      return { tools, isLast: behind.length <= pageSize }
    },

    async find(caller, tool) {
      const named = namedBy(tool)
      if (named?.kind === 'agent') {
        const agent =
          named.name === undefined
            ? (await agentsOf(caller)).find(({ slug }) => isCutOf(tool, 'agent', slug))
            : await agentNamed(caller, named.name)
        return agent && { kind: 'agent', agent }
      }
      if (named === undefined) return undefined
      const model =
        named.name === undefined
          ? modelsOf(caller).find(({ name }) => isCutOf(tool, 'model', name))
          : await modelNamed(caller, named.name)
      return model && { kind: 'model', model }
    },
  }
}

/** Nobody pays for who is nobody. */
function isUsable({ role }: Caller, { status, price }: Model): boolean {
  return status === 'ready' && (role !== 'anonymous' || price === 0)
}

/** What is not there, and what is not for the caller, is no tool of theirs. */
function undefinedWhenRefused(error: unknown): undefined {
  if (isProblem(error) && error.status < 500) return undefined
  throw error
}
