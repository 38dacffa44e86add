import { type OpenAiModel, Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { AgentLookup, AgentSummary } from '../../agents/agent.ts'
import type { Model } from '../../models/model.ts'
import type { Serving } from '../../models/serving.ts'
import type { Providers, Target } from '../../providers/provider.ts'
import { agentModelId, agentModelOf } from './agent-request.ts'
import { servedModelOf } from './served-model.ts'

type Rooms = {
  providers: Pick<Providers, 'models' | 'find'>
  agents: AgentLookup
  serving: Pick<Serving, 'named' | 'row'>
}

/** Everything the caller may name as a model. */
export async function listModels(
  { providers, agents, serving }: Rooms,
  caller: Caller,
): Promise<OpenAiModel[]> {
  const published = await agents.published(caller)
  return [
    ...providers.models().map(target => providerModel(`${target.provider}/${target.model.name}`, target)),
    ...published.map(agent => agentModel(agentModelId(agent.slug), agent)),
    ...serving
      .named(caller)
      .filter(isServedHere)
      .map(model => servedModel(model.name, model)),
  ]
}

/** @throws Problem `model-not-found`, `agent-not-found`, `forbidden`. */
export async function readModel(
  { providers, agents, serving }: Rooms,
  caller: Caller,
  id: string,
): Promise<OpenAiModel> {
  const served = servedModelOf(id)
  if (served) {
    const model = await serving.row(caller, served)
    if (isServedHere(model)) return servedModel(id, model)
    throw new Problem('model-not-found', `Model ${id} is not ready, or not tagged as a model for embeddings.`)
  }
  const named = agentModelOf(id)
  if (!named) return providerModel(id, providers.find(id))
  const { agent } = await agents.runnable(caller, { slug: named.slug }, named.version)
  return agentModel(id, agent)
}

function providerModel(id: string, { provider, isDemo, model }: Target): OpenAiModel {
  return {
    id,
    object: 'model',
    created: 0,
    owned_by: provider,
    ...(isDemo ? { demo: true } : {}),
    ...(model.kind === 'embedding' ? { embedding: true } : {}),
  }
}

function isServedHere({ kind, status }: Model): boolean {
  return kind === 'embedding' && status === 'ready'
}

function servedModel(id: string, { created_at }: Model): OpenAiModel {
  const created = Math.floor(created_at.getTime() / 1000)
  return { id, object: 'model', created, owned_by: 'models', embedding: true }
}

function agentModel(id: string, { created_at }: AgentSummary): OpenAiModel {
  return { id, object: 'model', created: Math.floor(created_at.getTime() / 1000), owned_by: 'agents' }
}
