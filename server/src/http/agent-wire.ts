import type {
  Agent as AgentBody,
  AgentCard,
  AgentVersion as AgentVersionBody,
  AgentView,
} from '@roundhouse/sdk/contract'
import { type Caller, mayManage } from '../accounts/caller.ts'
import type { Agent, AgentVersion } from '../agents/agent.ts'

/** Those who may change an agent see all of it, others its card: no prompt, tools, knowledge and backend. */
export function agentView(caller: Caller, agent: Agent): AgentView {
  return mayManage(caller, agent) ? agentBody(agent) : agentCard(agent)
}

/** An agent as the contract shows it to those who may change it: the draft's fields beside the others. */
export function agentBody(agent: Agent): AgentBody {
  return { ...agentCard(agent), owner_id: agent.owner_id, ...agent.draft }
}

export function versionBody(
  agent: Agent,
  { version, config, created_by, created_at }: AgentVersion,
): AgentVersionBody {
  const is_published = agent.published_version === version
  return { version, is_published, created_by, created_at: created_at.toISOString(), config }
}

function agentCard(agent: Agent): AgentCard {
  const { id, slug, name, description, visibility, is_published, published_version, published_price } = agent
  return {
    id,
    slug,
    name,
    description,
    visibility,
    is_published,
    published_version,
    price: published_price ?? 0,
    created_at: agent.created_at.toISOString(),
    updated_at: agent.updated_at.toISOString(),
  }
}
