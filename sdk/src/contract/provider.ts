import { z } from 'zod'

export const providerName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, {
  error: 'A provider name has 1 to 40 small letters, digits and hyphens and starts with a letter or digit.',
})

const perMillionTokens = z.int().min(0).max(1_000_000_000_000)

/**
 * A model of a provider. Prices are what users pay, in whole credits per million tokens; costs what the provider asks,
 * in millionths of a dollar per million tokens.
 */
export const providerModel = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7e]+$/, { error: 'The name of a model has no blanks and only characters of ASCII.' }),
  kind: z.enum(['chat', 'embedding']).default('chat'),
  input_price: perMillionTokens.default(0),
  output_price: perMillionTokens.default(0),
  input_cost: perMillionTokens.default(0),
  output_cost: perMillionTokens.default(0),
  /** Tokens that fit into one call; null is unknown. */
  context_tokens: z.int().min(1).max(1_000_000_000).nullable().default(null),
})

/** `http(s)://host[:port][/path]`. Private addresses are meant too: only administrators set it. */
const baseUrl = z.string().max(2000).refine(isPlainUrl, {
  error: 'A base URL is http(s)://host[:port][/path], without credentials, query or fragment.',
})

const milliseconds = z.int().min(100).max(3_600_000)

/** Whose protocol is spoken: OpenAI's, which most speak, or a vendor's own. */
const providerKind = z.enum(['openai', 'anthropic', 'google'])

const putFields = z.strictObject({
  kind: providerKind.default('openai'),
  /** Null: the vendor's own, where the kind is a vendor's. */
  base_url: baseUrl.nullable().default(null),
  /** Never given back. Absent: stays as it is. Null: there is none, or none any more. */
  key: z
    .string()
    .max(8192)
    .regex(/^[\x21-\x7e]+$/, { error: 'A key has no blanks and only characters of ASCII.' })
    .nullable()
    .optional(),
  /** Empty: every model's name is passed on, without a price. */
  models: z
    .array(providerModel)
    .max(500)
    .refine(models => new Set(models.map(({ name }) => name)).size === models.length, {
      error: 'A model stands in the list once.',
    })
    .default([]),
  /** `<provider>/<model>` each, asked in order when this provider cannot answer. */
  fallbacks: z
    .array(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}\/[\x21-\x7e]{1,200}$/, {
        error: 'A fallback is <provider>/<model>.',
      }),
    )
    .max(8)
    .default([]),
  /** Calls under way at a time, of each process. */
  max_concurrent: z.int().min(1).max(10_000).default(64),
  connect_timeout_ms: milliseconds.default(5000),
  first_token_timeout_ms: milliseconds.default(60_000),
  idle_timeout_ms: milliseconds.default(30_000),
  enabled: z.boolean().default(true),
})

/** Body of `PUT /api/v1/admin/providers/{name}`: what is left out takes its default, but for the key. */
export const putProvider = putFields.refine(({ kind, base_url }) => kind !== 'openai' || base_url !== null, {
  path: ['base_url'],
  error: 'Say where it is reached: many speak as OpenAI does.',
})

export const provider = z.object({
  name: providerName,
  kind: z.enum([...providerKind.options, 'demo']),
  /** Only those of the database can be changed here. */
  source: z.enum(['environment', 'database', 'built-in']),
  /** No language model is behind it. */
  demo: z.boolean(),
  /** Null: the vendor's own, or of the demo none. */
  base_url: z.string().nullable(),
  has_key: z.boolean(),
  models: z.array(providerModel),
  fallbacks: z.array(z.string()),
  max_concurrent: z.int(),
  connect_timeout_ms: z.int(),
  first_token_timeout_ms: z.int(),
  idle_timeout_ms: z.int(),
  enabled: z.boolean(),
})

export const providerList = z.object({ data: z.array(provider) })

/** Body of `POST /api/v1/admin/providers/{name}/test`. Without a model the first of its list is asked. */
export const testProvider = z.strictObject({ model: providerModel.shape.name.optional() })

/** What came of a short call: the time until it began to answer, or what failed. */
export const providerTest = z.object({
  ok: z.boolean(),
  model: z.string(),
  ms: z.number(),
  detail: z.string(),
})

export type ProviderModelBody = z.output<typeof providerModel>
export type PutProvider = z.input<typeof putProvider>
export type ProviderBody = z.output<typeof provider>
export type ProviderTest = z.output<typeof providerTest>

function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password, search, hash } = new URL(text)
  return username === '' && password === '' && search === '' && hash === '' && !/[?#]/.test(text)
}
