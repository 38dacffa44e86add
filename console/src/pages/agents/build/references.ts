import { useIsAdmin } from '../../../app/me.ts'
import { useApi } from '../../../app/use-api.ts'
import type { Choice, ChoiceGroup } from '../../../ui/choice-field.tsx'
import type { Reference } from './spec.ts'

/** What a tool may name, as far as this caller sees it. */
export function useReference(of: Reference): ChoiceGroup[] {
  const [kind, ask] = asked[of]
  const { data = [] } = useApi([kind, 'choices', of], ask)
  return [{ label: titles[of], choices: data }]
}

const titles: Record<Reference, string> = {
  agents: 'Agents',
  buckets: 'Buckets',
  collections: 'Collections',
  models: 'Served models',
  templates: 'Templates',
}

type Ask = Parameters<typeof useApi<Choice[]>>[1]

const asked: Record<Reference, ['agents' | 'files' | 'collections' | 'models' | 'templates', Ask]> = {
  agents: [
    'agents',
    async (client, options) =>
      (await client.agents.list({ ...options, limit: 100 })).data.map(({ slug, name }) => ({
        value: slug,
        label: `${name} (${slug})`,
      })),
  ],
  buckets: [
    'files',
    async (client, options) => (await client.files.buckets.list(options)).map(({ name }) => named(name)),
  ],
  collections: [
    'collections',
    async (client, options) =>
      (await client.knowledge.list({ ...options, limit: 200 })).data.map(({ id, name }) => ({
        value: id,
        label: name,
      })),
  ],
  models: [
    'models',
    async (client, options) => {
      const { data } = await client.models.list({ ...options, limit: 100 })
      return [...new Set(data.map(model => model.name))].toSorted().map(named)
    },
  ],
  templates: [
    'templates',
    async (client, options) => {
      const { data } = await client.reports.templates(options)
      return [...new Set(data.map(template => template.name))].map(named)
    },
  ],
}

function named(value: string): Choice {
  return { value, label: value }
}

/** Names of the secrets of the house, which only administrators see and use. */
export function useSecretNames(): string[] {
  const isAdmin = useIsAdmin()
  const { data } = useApi(['secrets'], (client, options) => client.admin.secrets.list(options), {
    enabled: isAdmin,
  })
  return data?.data.map(secret => secret.name) ?? []
}
