import type { OpenAiModel } from '@roundhouse/sdk'
import type { Choice, ChoiceGroup } from '../ui/choice-field.tsx'
import { type ApiQuery, useApi } from './use-api.ts'

function useProvidedModels(): ApiQuery<OpenAiModel[]> {
  return useApi(['providers', 'models'], (client, options) => client.agents.models(options))
}

/** Models that answer, by provider; those that only embed and the agents are left out. */
export function useAnsweringModels(): { groups: ChoiceGroup[]; demo: ReadonlySet<string> } {
  const { data = [] } = useProvidedModels()
  const answering = data.filter(
    model => !model.embedding && model.owned_by !== 'agents' && model.owned_by !== 'models',
  )
  const owners = [...new Set(answering.map(model => model.owned_by))]
  return {
    groups: owners.map(owner => ({
      label: owner,
      choices: answering.filter(model => model.owned_by === owner).map(choiceOf),
    })),
    demo: new Set(answering.filter(model => model.demo).map(model => model.id)),
  }
}

/** Models that make vectors of texts, of providers and of this server. */
export function useEmbeddingModels(): ChoiceGroup[] {
  const { data = [] } = useProvidedModels()
  return [{ label: 'Embedding models', choices: data.filter(model => model.embedding).map(choiceOf) }]
}

function choiceOf({ id, demo }: OpenAiModel): Choice {
  return { value: id, label: demo ? `${id} (no real model)` : id }
}
