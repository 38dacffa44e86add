import type { CreateEmbed, Embed, UpdateEmbed } from '@roundhouse/sdk'
import { type ApiQuery, useApi } from '../../../app/use-api.ts'
import { isJsonObject, type JsonObject } from '../../../ui/read-json.ts'
import type { FieldSpec } from '../build/spec.ts'

/** The widget keys of an agent, the oldest first. */
export function useEmbeds(agentId: string): ApiQuery<Embed[]> {
  return useApi(['agents', agentId, 'embeds'], (client, options) =>
    client.agents.embeds.list(agentId, options),
  )
}

export const embedFields: readonly FieldSpec[] = [
  { name: 'name', label: 'Name', as: 'text', hint: 'For you: the site it is on.' },
  {
    name: 'origins',
    label: 'Origins',
    as: 'lines',
    placeholder: 'https://www.example.com, http://localhost:5173',
    hint: 'Sites that may use the key, as browsers write them; separated by commas. https://*.example.com is every name below.',
  },
  {
    name: 'share_page',
    label: 'Open to everyone on the page /a/…',
    as: 'check',
    hint: 'One key of an agent has it.',
  },
  {
    name: 'scopes',
    label: 'What its runs may reach',
    as: 'several',
    choices: [
      { value: 'agents', label: 'Agents' },
      { value: 'predict', label: 'Models' },
      { value: 'files', label: 'Files and reports, with your rights' },
    ],
  },
  {
    name: 'tools',
    label: 'What visitors see of tools',
    as: 'choice',
    choices: [
      { value: 'hidden', label: 'Nothing' },
      { value: 'names', label: 'Their names' },
      { value: 'full', label: 'Arguments and answers too' },
    ],
  },
  { name: 'approvals', label: 'Visitors answer what a tool with approval asks', as: 'check' },
]

export const limitFields: readonly FieldSpec[] = [
  { name: 'runs_per_minute', label: 'Runs of one visitor in any minute', as: 'number', placeholder: '10' },
  { name: 'runs_per_visitor', label: 'Runs of one visitor per day', as: 'number', placeholder: '100' },
  { name: 'runs_per_day', label: 'Runs of all visitors per day', as: 'number', placeholder: '1000' },
  {
    name: 'credits_per_day',
    label: 'Credits of all visitors per day',
    as: 'number',
    placeholder: 'no limit',
  },
]

export const themeFields: readonly FieldSpec[] = [
  { name: 'title', label: 'Title', as: 'text', hint: 'Empty: the name of the agent.' },
  { name: 'greeting', label: 'Greeting', as: 'area' },
  {
    name: 'suggestions',
    label: 'Questions to begin with',
    as: 'lines',
    hint: 'Separated by commas, at most 8.',
  },
  { name: 'colour', label: 'Colour', as: 'code', placeholder: '#0b6e4f' },
]

/** What a new key begins with, as the server would choose it. */
export const newEmbed: JsonObject = { name: 'Widget', scopes: ['agents', 'predict'], tools: 'names' }

export function embedForm({
  id,
  agent_id,
  key,
  enabled,
  created_at,
  updated_at,
  ...fields
}: Embed): JsonObject {
  return fields
}

/** What the form holds as the body of a call; what it left out is off, or as it is without anyone choosing. */
export function embedBody(form: JsonObject): CreateEmbed & UpdateEmbed {
  const theme = isJsonObject(form.theme) ? form.theme : {}
  const body = {
    runs_per_minute: 10,
    runs_per_visitor: 100,
    runs_per_day: 1000,
    credits_per_day: null,
    origins: [],
    scopes: [],
    ...form,
    share_page: form.share_page === true,
    approvals: form.approvals === true,
    theme: Object.fromEntries(Object.entries(theme).filter(([, value]) => value !== null)),
  }
  // The server checks it, and names what is wrong.
  return body as CreateEmbed & UpdateEmbed
}

/** A new key with all that the old one had, for a key that got into wrong hands. */
export function embedCopy(embed: Embed): CreateEmbed {
  return { ...embedBody(embedForm(embed)), enabled: embed.enabled }
}
