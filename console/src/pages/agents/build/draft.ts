import type { Agent, AgentView, CreateAgent, UpdateAgent } from '@roundhouse/sdk'
import { isJsonObject, type JsonObject } from '../../../ui/read-json.ts'

/** A tool or a rule as it is edited: its fields are checked by the server, which names what is wrong. */
export type Typed = JsonObject & { type: string }

/** All of an agent that its owner changes. */
export type Draft = {
  name: string
  slug: string
  description: string | null
  visibility: Agent['visibility']
  system_prompt: string
  provider: string | null
  model: string
  temperature: number | null
  max_tokens: number | null
  tools: Typed[]
  knowledge: { content: string }[]
  is_heavy: boolean
  railway_url: string | null
  price: number
  limits: JsonObject
  output_schema: JsonObject | null
  memory: JsonObject
  fallbacks: string[]
  guardrails: Typed[]
}

export type DraftField = keyof Draft

/** Whether all of it is shown to this caller, and theirs to change. */
export function isOwn(agent: AgentView): agent is Agent {
  return 'model' in agent
}

export function draftOf(agent: Agent): Draft {
  const { id, owner_id, is_published, published_version, created_at, updated_at, ...draft } = agent
  return draft
}

/** The same whatever the order of their fields; a field that is undefined is not there. */
export function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other)
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, part: unknown) =>
      isJsonObject(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'undefined'
  )
}

/** The fields in which `draft` is not `base`. */
export function changedFields(base: Draft, draft: Draft): DraftField[] {
  return fieldsOf(draft).filter(field => !isSame(base[field], draft[field]))
}

/** Also those that a later server has, and that came by the JSON view. */
export function fieldsOf(draft: Draft): DraftField[] {
  return Object.keys(draft) as DraftField[]
}

/** What is sent when it is saved. What is wrong in it the server says, by the name of the field. */
export function changeOf(base: Draft, draft: Draft): UpdateAgent {
  return Object.fromEntries(changedFields(base, draft).map(field => [field, draft[field]])) as UpdateAgent
}

/** A draft of its own, whose slug is made from its name. */
export function copyOf({ slug, ...draft }: Draft, name: string): CreateAgent {
  return { ...draft, name, visibility: 'private' } as CreateAgent
}

type Kind =
  | 'text'
  | 'text or null'
  | 'number'
  | 'number or null'
  | 'yes or no'
  | 'object'
  | 'object or null'
  | 'texts'
  | 'tools'
  | 'passages'

const kinds: Record<DraftField, Kind> = {
  name: 'text',
  slug: 'text',
  description: 'text or null',
  visibility: 'text',
  system_prompt: 'text',
  provider: 'text or null',
  model: 'text',
  temperature: 'number or null',
  max_tokens: 'number or null',
  tools: 'tools',
  knowledge: 'passages',
  is_heavy: 'yes or no',
  railway_url: 'text or null',
  price: 'number',
  limits: 'object',
  output_schema: 'object or null',
  memory: 'object',
  fallbacks: 'texts',
  guardrails: 'tools',
}

const wanted: Record<Kind, [sentence: string, isThat: (value: unknown) => boolean]> = {
  text: ['a text', value => typeof value === 'string'],
  'text or null': ['a text or null', value => value === null || typeof value === 'string'],
  number: ['a number', value => typeof value === 'number'],
  'number or null': ['a number or null', value => value === null || typeof value === 'number'],
  'yes or no': ['true or false', value => typeof value === 'boolean'],
  object: ['an object', isJsonObject],
  'object or null': ['an object or null', value => value === null || isJsonObject(value)],
  texts: ['a list of texts', value => isListOf(value, item => typeof item === 'string')],
  tools: [
    'a list of objects that each have a type',
    value => isListOf(value, item => isJsonObject(item) && typeof item.type === 'string'),
  ],
  passages: [
    'a list of objects that each have a text as content',
    value => isListOf(value, item => isJsonObject(item) && typeof item.content === 'string'),
  ],
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem)
}

/** What was written as JSON, as far as the form must be able to show it; the rest is for the server to judge. */
export function readDraft(value: unknown): { draft: Draft } | { fault: string } {
  if (!isJsonObject(value)) return { fault: 'The configuration is one object in braces.' }
  for (const [field, kind] of Object.entries(kinds)) {
    const [sentence, isThat] = wanted[kind]
    if (!isThat(value[field]))
      return { fault: field in value ? `${field} is ${sentence}.` : `${field} is missing: ${sentence}.` }
  }
  // Each of its fields was looked at.
  return { draft: value as Draft }
}
