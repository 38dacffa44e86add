import { z } from 'zod'

/**
 * What an API key may do, of what its user may. `read` reads everything that is theirs, `predict` calls models,
 * `agents` runs agents, `files` reads and writes files, `admin` creates, changes and removes, and everything else.
 */
export const scope = z.enum(['predict', 'agents', 'files', 'read', 'admin'])

export const role = z.enum(['admin', 'member'])

/** How the caller proved who they are. */
export const credentialKind = z.enum(['service-key', 'backend-secret', 'api-key', 'session', 'token', 'none'])

/** `null` is no limit. */
export const plan = z.object({
  name: z.string(),
  requests_per_minute: z.int().min(1).nullable(),
  requests_per_hour: z.int().min(1).nullable(),
  concurrent_runs: z.int().min(1).nullable(),
  starting_credits: z.int().min(0),
  /** Given in each month, on top of what is left. */
  monthly_credits: z.int().min(0),
  /** Versions that a user may own. */
  max_models: z.int().min(0).nullable(),
  /** Bytes of the files of these together. */
  max_model_bytes: z.int().min(0).nullable(),
  /** Bytes of the user's files in buckets together. */
  max_file_bytes: z.int().min(0).nullable(),
})

/** Reply of `GET /api/v1/me`. `id` is null for the service-role key; `scopes` is what this credential may do. */
export const me = z.object({
  id: z.uuid().nullable(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  image: z.string().nullable(),
  roles: z.array(z.enum(['admin', 'member', 'service'])),
  plan,
  credits: z.int().nullable(),
  scopes: z.array(scope),
  credential: credentialKind,
  is_anonymous: z.boolean(),
  /** Null for an account of this server. */
  issuer: z.string().nullable(),
  created_at: z.iso.datetime().nullable(),
})

/**
 * Reply of `GET /api/v1/limits`: what the server takes at most, so that nothing need be sent to be refused. `models` is what the
 * caller has, and what their plan lets them have; null for the house, which has no such limit.
 */
export const accountLimits = z.object({
  /** Bytes of one model file. */
  model_file_bytes: z.int(),
  /** Bytes of one file in a bucket. */
  file_bytes: z.int(),
  /** Bytes of the body of a prediction. */
  predict_body_bytes: z.int(),
  models: z
    .object({
      versions: z.int(),
      max_versions: z.int().nullable(),
      /** Of all files of these versions. */
      bytes: z.int(),
      max_bytes: z.int().nullable(),
    })
    .nullable(),
})

// PostgreSQL text cannot hold U+0000.
export const label = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .refine(text => !text.includes('\0'), { error: 'The character U+0000 is not allowed.' })

/** Body of `POST /api/v1/keys`. Without `scopes`: all but `admin`. */
export const createKey = z.strictObject({
  name: label(100),
  scopes: z.array(scope).min(1).max(5).optional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
})

/** `prefix` is the beginning of the key, to recognise it by. `last_used_at` is exact to a minute. */
export const apiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(scope),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
})

/** Reply of `POST /api/v1/keys`: `key` is shown this once. */
export const createdKey = apiKey.extend({ key: z.string() })

export const keyList = z.object({ data: z.array(apiKey) })

/** One place where the user is signed in; `current` is the session of this request. */
export const session = z.object({
  id: z.uuid(),
  current: z.boolean(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
})

export const sessionList = z.object({ data: z.array(session) })

export type Scope = z.infer<typeof scope>
export type Role = z.infer<typeof role>
export type CredentialKind = z.infer<typeof credentialKind>
export type Plan = z.infer<typeof plan>
export type Me = z.infer<typeof me>
export type AccountLimits = z.infer<typeof accountLimits>
export type CreateKey = z.input<typeof createKey>
export type ApiKey = z.infer<typeof apiKey>
export type CreatedKey = z.infer<typeof createdKey>
export type KeyList = z.infer<typeof keyList>
export type Session = z.infer<typeof session>
export type SessionList = z.infer<typeof sessionList>
