import { z } from 'zod'
import { scope } from './account.ts'
import { agentSlug } from './agent.ts'
import { storableText } from './storable.ts'

/** In place of the first label of a host. What it stands for is below a name that has a dot in it itself. */
const anyLabel = /^(https?):\/\/\*\.((?:[a-z0-9-]+\.)+[a-z0-9-]+)(:\d{1,5})?$/

/** As browsers write it in `Origin`, or with `*.` before the host, which stands for every name below it. */
export const embedOrigin = z.string().max(300).refine(isOrigin, {
  error:
    'An origin as browsers write it, like https://www.example.com or http://localhost:3000, or https://*.example.com for every name below: no path, no slash at the end.',
})

function isOrigin(text: string): boolean {
  const named = anyLabel.test(text) ? text.replace('//*.', '//any.') : text
  if (!/^https?:\/\//.test(named) || named.includes('*') || !URL.canParse(named)) return false
  return new URL(named).origin === named
}

const colour = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, { error: 'A colour as #rrggbb.' })
  .nullable()

/** What visitors see before they ask. */
export const embedTheme = z.strictObject({
  /** Of the button, and of what a visitor says. */
  colour: colour.default(null),
  /** Null: the name of the agent. */
  title: storableText.min(1).max(100).nullable().default(null),
  greeting: storableText.max(2000).nullable().default(null),
  /** Questions to begin with. */
  suggestions: z.array(storableText.min(1).max(200)).max(8).default([]),
})

const embedFields = {
  name: storableText.min(1).max(200),
  enabled: z.boolean(),
  origins: z.array(embedOrigin).max(50),
  /** The agent's own page `/a/{slug}` answers everyone by this embed; of an agent one may have it. */
  share_page: z.boolean(),
  /** What its runs may reach, with the rights of the agent's owner. */
  scopes: z.array(scope.exclude(['admin', 'read'])).min(1),
  /** What visitors see of the calls of tools: nothing, their names, or arguments and answers too. */
  tools: z.enum(['hidden', 'names', 'full']),
  /** Whether visitors answer for themselves what a tool with `approval` asks. */
  approvals: z.boolean(),
  /** Of one visitor. */
  runs_per_minute: z.int().min(1).max(1000),
  /** Of one visitor, per day (UTC). */
  runs_per_visitor: z.int().min(1).max(100_000),
  /** Of all visitors, per day (UTC). */
  runs_per_day: z.int().min(1).max(1_000_000),
  /** Null is no limit. */
  credits_per_day: z.int().min(0).max(1_000_000_000).nullable(),
  theme: embedTheme,
}

/** Body of `POST /api/v1/agents/{id}/embeds`. */
export const createEmbed = z.strictObject({
  name: embedFields.name.default('Widget'),
  enabled: embedFields.enabled.default(true),
  origins: embedFields.origins.default([]),
  share_page: embedFields.share_page.default(false),
  scopes: embedFields.scopes.default(['agents', 'predict']),
  tools: embedFields.tools.default('names'),
  approvals: embedFields.approvals.default(false),
  runs_per_minute: embedFields.runs_per_minute.default(10),
  runs_per_visitor: embedFields.runs_per_visitor.default(100),
  runs_per_day: embedFields.runs_per_day.default(1000),
  credits_per_day: embedFields.credits_per_day.default(null),
  theme: embedTheme.default(embedTheme.parse({})),
})

/** Body of `PATCH /api/v1/agents/{id}/embeds/{embed_id}`: each field it names, as a whole. */
export const updateEmbed = z
  .strictObject(embedFields)
  .partial()
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send at least one field.',
  })

/** `key` is public: it stands in the page. */
export const embed = z.object({
  id: z.uuid(),
  agent_id: z.uuid(),
  key: z.string(),
  ...embedFields,
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})
export const embedList = z.object({ data: z.array(embed) })

/** What a widget is told before anyone is asked: answer of `GET /api/v1/embed/{key}`. */
export const embedConfig = z.object({
  agent: z.object({ name: z.string(), description: z.string().nullable() }),
  theme: embedTheme,
  approvals: z.boolean(),
})

/** Answer of `POST /api/v1/embed/{key}/visitors`. The token is good for this embed and origin alone. */
export const embedVisitor = z.object({ token: z.string(), expires_at: z.iso.datetime() })

/**
 * Body of `POST /api/v1/embed/{key}/runs`; the answer is the run's events. What was said before under the same
 * `conversation`, by the same visitor, is remembered.
 */
export const askEmbed = z.strictObject({
  text: storableText.min(1).max(16_000),
  conversation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
    error: 'A name of 1 to 64 letters, digits, hyphens and underscores, chosen by the client.',
  }),
})

/** What a visitor is told of a run. */
export const embedRun = z.object({
  id: z.uuid(),
  status: z.enum(['queued', 'running', 'waiting', 'done', 'failed', 'cancelled']),
})

/** What the page of an agent is made of, for who asks: answer of `GET /api/v1/agents/by-slug/{slug}`. */
export const agentPage = z.object({
  id: z.uuid(),
  slug: agentSlug,
  name: z.string(),
  description: z.string().nullable(),
  is_published: z.boolean(),
  /** Whether this caller may ask it with their own credential. */
  may_run: z.boolean(),
  may_manage: z.boolean(),
  /** Of the embed whose `share_page` is set, by which everyone may ask it. */
  embed_key: z.string().nullable(),
  theme: embedTheme,
})

export type AgentPage = z.output<typeof agentPage>
export type CreateEmbed = z.input<typeof createEmbed>
export type Embed = z.output<typeof embed>
export type EmbedConfig = z.output<typeof embedConfig>
export type EmbedTheme = z.output<typeof embedTheme>
export type UpdateEmbed = z.input<typeof updateEmbed>
