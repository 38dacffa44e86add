import { counted } from '../../../ui/format.ts'
import type { Draft, DraftField } from './draft.ts'

export type PartName =
  | 'model'
  | 'prompt'
  | 'tools'
  | 'guardrails'
  | 'memory'
  | 'output'
  | 'limits'
  | 'backend'
  | 'about'
  | 'changes'
  | 'json'

export type Part = {
  name: PartName
  title: string
  fields: readonly DraftField[]
  summary: (draft: Draft) => string
}

const named = (count: number, one: string) => (count === 0 ? 'none' : counted(count, one))

/** The parts of the builder, each with an address; what they hold is said beside their names. */
export const parts: readonly Part[] = [
  {
    name: 'model',
    title: 'Model',
    fields: ['model', 'provider', 'fallbacks', 'temperature', 'max_tokens'],
    summary: draft => draft.model,
  },
  {
    name: 'prompt',
    title: 'Prompt',
    fields: ['system_prompt', 'knowledge'],
    summary: draft =>
      draft.system_prompt === '' ? 'empty' : counted(draft.system_prompt.length, 'character'),
  },
  { name: 'tools', title: 'Tools', fields: ['tools'], summary: draft => named(draft.tools.length, 'tool') },
  {
    name: 'guardrails',
    title: 'Guardrails',
    fields: ['guardrails'],
    summary: draft => named(draft.guardrails.length, 'rule'),
  },
  {
    name: 'memory',
    title: 'Memory',
    fields: ['memory'],
    summary: ({ memory }) => (memory.messages === 0 ? 'none' : `${memory.messages ?? 20} messages`),
  },
  {
    name: 'output',
    title: 'Output',
    fields: ['output_schema'],
    summary: draft => (draft.output_schema === null ? 'text' : 'by a schema'),
  },
  {
    name: 'limits',
    title: 'Limits and price',
    fields: ['limits', 'price', 'is_heavy'],
    summary: draft =>
      [draft.price > 0 ? `${draft.price} credits` : 'free', ...(draft.is_heavy ? ['heavy'] : [])].join(', '),
  },
  {
    name: 'backend',
    title: 'Own backend',
    fields: ['railway_url'],
    summary: draft => (draft.railway_url === null ? 'this server' : hostOf(draft.railway_url)),
  },
  {
    name: 'about',
    title: 'Name and sharing',
    fields: ['name', 'slug', 'description', 'visibility'],
    summary: draft => draft.visibility,
  },
  { name: 'changes', title: 'Draft against live', fields: [], summary: () => '' },
  { name: 'json', title: 'JSON', fields: [], summary: () => '' },
]

export function partOf(name: string | undefined): Part {
  return parts.find(part => part.name === name) ?? (parts[0] as Part)
}

/** Where a field is edited. */
export function partWith(field: string | undefined): Part | undefined {
  return parts.find(part => part.fields.some(one => one === field))
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address
}
