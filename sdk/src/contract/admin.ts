import { z } from 'zod'
import { plan, role } from './account.ts'
import { email } from './sign-in.ts'
import { isStorable, notStorable } from './storable.ts'

const counts = z.int().min(0)

/** Reply of `GET /api/v1/admin/stats`, the same as `get_admin_stats()` in SQL. */
export const adminStats = z.object({
  users: counts,
  admins: counts,
  banned_users: counts,
  new_users_7d: counts,
  sessions: counts,
  api_keys: counts,
  models: counts,
  ready_models: counts,
  model_bytes: counts,
  predictions_24h: counts,
  failed_predictions_24h: counts,
  credits: counts,
})

/**
 * One user as administrators see them. `issuer` is null for an account of this server. `last_sign_in_at` is null for who never
 * began a session here: users of foreign issuers, and those who only use keys. `sessions` and `keys` count what is valid.
 */
export const user = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string().nullable(),
  issuer: z.string().nullable(),
  is_anonymous: z.boolean(),
  roles: z.array(role),
  plan: z.string(),
  credits: z.int(),
  sessions: counts,
  keys: counts,
  last_sign_in_at: z.iso.datetime().nullable(),
  banned_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
})

/**
 * Query of `GET /api/v1/admin/users`. `search` is part of a name or e-mail address, or an id; everyone is a member, so the
 * role `member` means those who are no administrators.
 */
export const listUsers = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
  search: z.string().min(1).max(254).optional(),
  role: role.optional(),
  plan: z.string().max(40).refine(isStorable, { error: notStorable }).optional(),
  status: z.enum(['active', 'banned']).optional(),
})

export const userList = z.object({ data: z.array(user), next_cursor: z.string().nullable() })

/** Body of `PATCH /api/v1/admin/users/{id}`. A banned user is refused everywhere within 5 seconds. */
export const updateUser = z
  .strictObject({ plan: z.string().max(40).optional(), banned: z.boolean().optional() })
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send plan or banned.',
  })

/** Body of `PUT /api/v1/admin/users/{id}/roles`. Everyone is a member. */
export const setRoles = z.strictObject({ roles: z.array(role).max(2) })

/** Reply of `POST /api/v1/admin/users/{id}/revoke`: how many sessions and keys were ended. */
export const revoked = z.object({ sessions: counts, keys: counts })

export const planList = z.object({ data: z.array(plan) })

const limit = z.int().min(1).max(1_000_000_000).nullable().optional()

/** Body of `PATCH /api/v1/admin/plans/{name}`; `null` takes a limit away. */
export const updatePlan = z
  .strictObject({
    requests_per_minute: limit,
    requests_per_hour: limit,
    concurrent_runs: limit,
    starting_credits: z.int().min(0).max(1_000_000_000).optional(),
    monthly_credits: z.int().min(0).max(1_000_000_000).optional(),
    max_models: z.int().min(0).max(1_000_000_000).nullable().optional(),
    max_model_bytes: z.int().min(0).nullable().optional(),
    max_file_bytes: z.int().min(0).nullable().optional(),
  })
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send at least one limit.',
  })

/** Body of `POST /api/v1/admin/invitations`. */
export const createInvitation = z.strictObject({ email, role: role.optional() })

export const invitation = z.object({
  id: z.uuid(),
  email: z.string(),
  role,
  expires_at: z.iso.datetime(),
  used_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
})

/** `token` and `url` are shown this once. */
export const createdInvitation = invitation.extend({ token: z.string(), url: z.string() })

export const invitationList = z.object({ data: z.array(invitation) })

/** Secrets are write-only: their values are never read back. `key_id` names the encryption key. */
export const secret = z.object({
  name: z.string(),
  key_id: z.string(),
  hosts: z.array(z.string()),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

export const secretName = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,127}$/, {
  error: 'A secret name has 1 to 128 letters, digits, dots, underscores or hyphens and starts with a letter.',
})

const secretHost = z
  .string()
  .max(260)
  .refine(
    text =>
      URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text && !text.includes('*'),
    {
      error:
        'A host is like api.example.com or localhost:8080: small letters, no scheme, no path, no port 443.',
    },
  )

/** Body of `PUT /api/v1/admin/secrets/{name}`. `hosts`: where tools of agents may send it; absent: as it was, at first nowhere. */
export const putSecret = z.strictObject({
  value: z.string().min(1).max(65_536),
  hosts: z.array(secretHost).max(50).optional(),
})

export const secretList = z.object({ data: z.array(secret) })

const auditFilter = z.string().min(1).max(300).refine(isStorable, { error: notStorable })

/** One administrative act. `hash` covers the entry and `hash` of the one before. */
export const auditEntry = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  actor: z.string(),
  actor_id: z.uuid().nullable(),
  credential: z.string().nullable(),
  action: z.string(),
  target: z.string(),
  details: z.record(z.string(), z.unknown()),
  request_id: z.string().nullable(),
  ip: z.string().nullable(),
  hash: z.string(),
})

/**
 * Query of `GET /api/v1/admin/audit`, newest first. `target` is what it was done to, `actor_id` the user who did it, `action` what
 * it was, each exactly.
 */
export const listAudit = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
  target: auditFilter.optional(),
  actor_id: z.uuid().optional(),
  action: auditFilter.optional(),
})

export const auditList = z.object({ data: z.array(auditEntry), next_cursor: z.string().nullable() })

export type AdminStats = z.infer<typeof adminStats>
export type User = z.infer<typeof user>
export type UserList = z.infer<typeof userList>
export type ListUsers = z.input<typeof listUsers>
export type UpdateUser = z.input<typeof updateUser>
export type SetRoles = z.input<typeof setRoles>
export type Revoked = z.infer<typeof revoked>
export type PlanList = z.infer<typeof planList>
export type UpdatePlan = z.input<typeof updatePlan>
export type CreateInvitation = z.input<typeof createInvitation>
export type Invitation = z.infer<typeof invitation>
export type CreatedInvitation = z.infer<typeof createdInvitation>
export type Secret = z.infer<typeof secret>
export type SecretList = z.infer<typeof secretList>
export type AuditEntry = z.infer<typeof auditEntry>
export type AuditList = z.infer<typeof auditList>
export type ListAudit = z.input<typeof listAudit>
