import {
  type Agent,
  type AgentList,
  type AgentTemplate,
  type AgentVersionList,
  type AgentView,
  agent,
  agentList,
  agentTemplateList,
  agentVersionList,
  agentView,
  type CreateAgent,
  type ListAgents,
  type UpdateAgent,
} from '../contract/agent.ts'
import { type AgentPage, agentPage } from '../contract/embed.ts'
import { type OpenAiModel, openAiModelList } from '../contract/openai.ts'
import { createEmbedsClient, type EmbedsClient } from './embeds.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

export type ListAgentsOptions = CallOptions & Partial<ListAgents>

/**
 * Agents: a draft, and the versions that were published. Every call throws what `Send` throws, and UnexpectedReply;
 * Problem `agent-not-found` for one that is not there or not for the caller, `forbidden` for a change of another's.
 */
export type AgentsClient = {
  /** Agents on the pages of other sites. */
  embeds: EmbedsClient
  /** A draft; nobody else sees it before it is published. @throws Problem `conflict` for a slug that is taken. */
  create(agent: CreateAgent, options?: CallOptions): Promise<Agent>
  /** Those that the caller may see, newest first: of others' agents a card, without prompt and tools. */
  list(options?: ListAgentsOptions): Promise<AgentList>
  /** The same, page after page. */
  iterate(options?: ListAgentsOptions): AsyncGenerator<AgentView, void>
  get(id: string, options?: CallOptions): Promise<AgentView>
  /** Changes the draft; `is_published: false` takes back what is published. */
  update(id: string, change: UpdateAgent, options?: CallOptions): Promise<Agent>
  /** With its versions; its runs stay. */
  remove(id: string, options?: CallOptions): Promise<void>
  /** Makes the next version of the draft, which answers from then on. */
  publish(id: string, options?: CallOptions): Promise<Agent>
  /** Newest first. */
  versions(id: string, options?: ListAgentsOptions): Promise<AgentVersionList>
  /** Publishes a version that was made before; the draft stays. */
  rollback(id: string, version: number, options?: CallOptions): Promise<Agent>
  /** What the page of an agent is made of, and what the caller may do there. */
  bySlug(slug: string, options?: CallOptions): Promise<AgentPage>
  /** What an agent may name as its model: `<provider>/<model>`; and agents, and served models for embeddings. */
  models(options?: CallOptions): Promise<OpenAiModel[]>
  /** Agents to begin with: `create(template.agent)`. */
  templates(options?: CallOptions): Promise<AgentTemplate[]>
}

export function createAgentsClient(send: Send): AgentsClient {
  const list: AgentsClient['list'] = async ({ limit, cursor, ...options } = {}) => {
    const query = { limit, cursor }
    return readReply(agentList, await send({ method: 'GET', path: '/api/v1/agents', query }, options))
  }
  return {
    embeds: createEmbedsClient(send),
    async create(draft, options) {
      const call = jsonCall('POST', '/api/v1/agents', JSON.stringify(draft))
      return readReply(agent, await send({ ...call, creates: true }, options))
    },
    list,
    iterate: (options = {}) => iteratePages(list, options),
    async get(id, options) {
      return readReply(agentView, await send({ method: 'GET', path: path`/api/v1/agents/${id}` }, options))
    },
    async update(id, change, options) {
      const call = jsonCall('PATCH', path`/api/v1/agents/${id}`, JSON.stringify(change))
      return readReply(agent, await send(call, options))
    },
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/agents/${id}` }, options)
    },
    async publish(id, options) {
      const call = jsonCall('POST', path`/api/v1/agents/${id}/publish`, '{}')
      return readReply(agent, await send({ ...call, creates: true }, options))
    },
    async versions(id, { limit, cursor, ...options } = {}) {
      const query = { limit, cursor }
      const call = { method: 'GET', path: path`/api/v1/agents/${id}/versions`, query } as const
      return readReply(agentVersionList, await send(call, options))
    },
    async rollback(id, version, options) {
      const call = jsonCall('POST', path`/api/v1/agents/${id}/rollback`, JSON.stringify({ version }))
      return readReply(agent, await send(call, options))
    },
    async bySlug(slug, options) {
      const call = { method: 'GET', path: path`/api/v1/agents/by-slug/${slug}` } as const
      return readReply(agentPage, await send(call, options))
    },
    async models(options) {
      return readReply(openAiModelList, await send({ method: 'GET', path: '/v1/models' }, options)).data
    },
    async templates(options) {
      const call = { method: 'GET', path: '/api/v1/agents/templates' } as const
      return readReply(agentTemplateList, await send(call, options)).data
    },
  }
}
