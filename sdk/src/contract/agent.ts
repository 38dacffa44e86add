import { z } from 'zod'
import { agentTool } from './agent-tools.ts'
import { guardrails } from './guardrails.ts'
import { visibility } from './model.ts'
import { outputSchema } from './output-schema.ts'
import { isStorable, largestInteger, notStorable, storableText } from './storable.ts'

/** Stands in the path of its pages and in its model id, `agent:<slug>`. */
export const agentSlug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
  error: 'A slug has 1 to 64 small letters, digits and hyphens and starts with a letter or digit.',
})

/** Where a run ends by itself. Null is no limit. */
export const agentLimits = z.strictObject({
  max_steps: z.int().min(1).max(1000).optional(),
  max_total_tokens: z.int().min(1).max(100_000_000).nullable().optional(),
  max_seconds: z.int().min(1).max(604_800).nullable().optional(),
  max_credits: z.int().min(0).max(1_000_000_000).nullable().optional(),
})

/** How much of a thread a run is shown: its last messages, and a summary of those before when `summarise` is set. */
export const agentMemory = z.strictObject({
  messages: z.int().min(0).max(1000).optional(),
  summarise: z.boolean().optional(),
})

/** A backend that runs the agent: our secret and what is said go there. Only administrators set it, so private ones are meant too. */
const backendUrl = z
  .url({ error: 'An address like https://agents.example.com/execute.' })
  .max(2000)
  .refine(isStorable, { error: notStorable })
  .refine(isGuarded, {
    error: 'An https address, or http to this machine or a private network.',
  })

function isGuarded(address: string): boolean {
  // That it is no address at all has been said.
  if (!URL.canParse(address)) return true
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && isPrivate(hostname))
}

/** Names of one label, and those that no public server of names knows. Source: RFC 1918, 4193, 6762, 8375, ICANN on `.internal`. */
const privateNames = /^[a-z0-9_-]+$|\.(internal|local|localhost|home\.arpa)$/
const privateAddresses =
  /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\.[\d.]+$|^\[(::1|f[cd][0-9a-f]{2}:[0-9a-f:]*)\]$/

/** @param hostname As `URL` writes it: addresses are numbers with dots. */
function isPrivate(hostname: string): boolean {
  return privateAddresses.test(hostname) || privateNames.test(hostname)
}

/** What makes an agent answer as it does; a version is one of these, and never changes. */
export const agentConfig = z.strictObject({
  system_prompt: storableText.max(100_000).default(''),
  /** Null: the first provider there is. */
  provider: storableText.min(1).max(40).nullable().default(null),
  model: storableText.min(1).max(200),
  temperature: z.number().min(0).max(2).nullable().default(null),
  max_tokens: z.int().min(1).max(1_000_000).nullable().default(null),
  tools: z.array(agentTool).max(64).default([]),
  /** Texts that stand below the prompt. What else is said of one, such as a title, is passed over. */
  knowledge: z
    .array(z.object({ content: storableText.max(1_000_000) }))
    .max(100)
    .default([]),
  is_heavy: z.boolean().default(false),
  /** A backend of one's own that runs the agent; only administrators may set it. */
  railway_url: backendUrl.nullable().default(null),
  /** Credits per run, beside those for its tokens. */
  price: z.int().min(0).max(1_000_000_000).default(0),
  limits: agentLimits.default({}),
  /** JSON Schema that the answer must keep to. */
  output_schema: z
    .record(z.string(), z.unknown())
    .refine(isStorable, { error: notStorable })
    .nullable()
    .default(null),
  memory: agentMemory.default({}),
  /** `<provider>/<model>` each, tried in order when the first cannot answer. */
  fallbacks: z.array(storableText.min(3).max(241)).max(8).default([]),
  guardrails: guardrails.default([]),
})

const about = {
  name: storableText.min(1).max(200),
  slug: agentSlug.optional(),
  description: storableText.max(10_000).nullable().optional(),
  visibility: visibility.optional(),
}

/** Why an agent may not spend what a run of it costs; null when it may. */
export function unaffordable({
  price = 0,
  limits: { max_credits = null } = {},
}: {
  price?: number | undefined
  limits?: z.output<typeof agentLimits> | undefined
}): string | null {
  return max_credits !== null && max_credits < price
    ? `A run costs ${price} credits at least, which is the price: it cannot be limited to ${max_credits}.`
    : null
}

/** Body of `POST /api/v1/agents`. The slug is made from the name when it is absent. */
export const createAgent = agentConfig
  .extend({ ...about, output_schema: outputSchema.nullable().default(null) })
  .superRefine((agent, context) => {
    const message = unaffordable(agent)
    if (message !== null) context.addIssue({ code: 'custom', path: ['limits', 'max_credits'], message })
  })

/** Body of `PATCH /api/v1/agents/{id}`: changes the draft; what is published stays as it is until it is published anew. */
export const updateAgent = z
  .strictObject({
    ...z.strictObject(about).partial().shape,
    system_prompt: agentConfig.shape.system_prompt.unwrap().optional(),
    provider: agentConfig.shape.provider.unwrap().optional(),
    model: agentConfig.shape.model.optional(),
    temperature: agentConfig.shape.temperature.unwrap().optional(),
    max_tokens: agentConfig.shape.max_tokens.unwrap().optional(),
    tools: agentConfig.shape.tools.unwrap().optional(),
    knowledge: agentConfig.shape.knowledge.unwrap().optional(),
    is_heavy: z.boolean().optional(),
    railway_url: agentConfig.shape.railway_url.unwrap().optional(),
    price: agentConfig.shape.price.unwrap().optional(),
    limits: agentLimits.optional(),
    output_schema: outputSchema.nullable().optional(),
    memory: agentMemory.optional(),
    fallbacks: agentConfig.shape.fallbacks.unwrap().optional(),
    guardrails: guardrails.optional(),
    /** Takes it back. */
    is_published: z
      .literal(false, { error: 'Only false is set here. POST /api/v1/agents/{id}/publish publishes.' })
      .optional(),
  })
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send at least one field.',
  })

/** What everyone who may call an agent sees of it. `price` is that of the published version. */
export const agentCard = z.object({
  id: z.uuid(),
  slug: agentSlug,
  name: z.string(),
  description: z.string().nullable(),
  visibility,
  is_published: z.boolean(),
  published_version: z.int().nullable(),
  price: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

/** What those see who may change it: the draft too. */
export const agent = agentCard.extend({ owner_id: z.uuid().nullable(), ...agentConfig.shape })

export const agentView = z.union([agent, agentCard])
/** A page is shorter than asked for when its agents are large. */
export const agentList = z.object({ data: z.array(agentView), next_cursor: z.string().nullable() })

/** Of versions too. */
export const listAgents = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

export const agentVersion = z.object({
  version: z.int().min(1),
  is_published: z.boolean(),
  created_by: z.uuid().nullable(),
  created_at: z.iso.datetime(),
  config: agentConfig,
})
/** A page is shorter than asked for when its configurations are large. */
export const agentVersionList = z.object({ data: z.array(agentVersion), next_cursor: z.string().nullable() })

/** Body of `POST /api/v1/agents/{id}/rollback`. */
export const rollbackAgent = z.strictObject({ version: z.int().min(1).max(largestInteger) })

export const agentTemplate = z.object({ name: z.string(), description: z.string(), agent: createAgent })
export const agentTemplateList = z.object({ data: z.array(agentTemplate) })

export type Agent = z.output<typeof agent>
export type AgentCard = z.output<typeof agentCard>
export type AgentConfig = z.output<typeof agentConfig>
export type AgentList = z.output<typeof agentList>
export type AgentTemplate = z.output<typeof agentTemplate>
export type AgentVersion = z.output<typeof agentVersion>
export type AgentVersionList = z.output<typeof agentVersionList>
export type AgentView = z.output<typeof agentView>
export type CreateAgent = z.input<typeof createAgent>
export type ListAgents = z.output<typeof listAgents>
export type UpdateAgent = z.input<typeof updateAgent>
