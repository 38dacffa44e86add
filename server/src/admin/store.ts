import type { AuditEntry, Plan, Role, User } from '@roundhouse/sdk/contract'
import { type Generated, type Kysely, type Selectable, sql } from 'kysely'

type UsersTable = {
  id: string
  name: string
  email: string | null
  email_verified: Generated<boolean>
  contact_email: string | null
  issuer: string | null
  is_anonymous: boolean
  plan: string
  last_sign_in_at: Date | null
  banned_at: Date | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

type PlansTable = {
  name: string
  requests_per_minute: number | null
  requests_per_hour: number | null
  concurrent_runs: number | null
  starting_credits: Generated<string | number>
  monthly_credits: Generated<string | number>
  max_models: number | null
  max_model_bytes: string | number | null
  max_file_bytes: string | number | null
}

type SessionsTable = { id: string; user_id: string; expires_at: Date }

type IdentitiesTable = {
  id: string
  user_id: string
  provider_id: string
  account_id: string
  password: string | null
  updated_at: Generated<Date>
}

type ApiKeysTable = {
  id: string
  user_id: string | null
  expires_at: Date | null
  revoked_at: Date | null
}

type AuditEntriesTable = {
  seq: Generated<string | number>
  at: Date
  actor: string
  actor_id: string | null
  credential: string | null
  action: string
  target: string
  details: Record<string, unknown>
  request_id: string | null
  ip: string | null
  hash: Buffer
}

export type AdminTables = {
  users: UsersTable
  user_roles: { user_id: string; role: Role; granted_at: Generated<Date> }
  plans: PlansTable
  credit_accounts: { user_id: string; balance: string | number }
  sessions: SessionsTable
  identities: IdentitiesTable
  api_keys: ApiKeysTable
  audit_entries: AuditEntriesTable
}

/** Where a page of users ended. Microseconds since the epoch: the age of a row is exact to that. */
export type UserPosition = { createdUs: number; id: string }

export type UserFilter = {
  before?: UserPosition | undefined
  /** Part of a name or e-mail address. */
  search?: string | undefined
  /** In place of `search`. */
  id?: string | undefined
  email?: string | undefined
  /** `member`: no administrator. */
  role?: Role | undefined
  plan?: string | undefined
  status?: 'active' | 'banned' | undefined
  limit: number
}

export type UserRow = { user: User; position: UserPosition }

export type AuditFilter = {
  beforeSeq?: number | undefined
  target?: string | undefined
  actorId?: string | undefined
  action?: string | undefined
  limit: number
}

export type PlanChange = { [Limit in Exclude<keyof Plan, 'name'>]?: Plan[Limit] | undefined }

/** SQL of the admin room. Row-level security decides what of it a caller sees and changes. */
export type AdminStore = ReturnType<typeof createAdminStore>

export function createAdminStore(db: Kysely<AdminTables>) {
  return {
    /** @throws the database's 42501 for who is no administrator. */
    async stats(): Promise<unknown> {
      const { rows } = await sql<{ stats: unknown }>`select get_admin_stats() as stats`.execute(db)
      return rows[0]?.stats
    },

    /** Newest first. */
    async listUsers({
      before,
      search,
      id,
      email,
      role,
      plan,
      status,
      limit,
    }: UserFilter): Promise<UserRow[]> {
      let query = db
        .selectFrom('users')
        .select(['id', 'name', 'issuer', 'is_anonymous', 'plan', 'last_sign_in_at', 'banned_at'])
        .select([
          'created_at',
          sql<string | null>`coalesce(email, contact_email)`.as('email'),
          sql<Role[]>`array(select role from user_roles where user_id = users.id order by role)`.as('roles'),
          sql<string>`coalesce((select balance from credit_accounts where user_id = users.id), 0)`.as(
            'credits',
          ),
          sql<number>`(select count(*)::integer from sessions where user_id = users.id and expires_at > now())`.as(
            'sessions',
          ),
          sql<number>`(select count(*)::integer from api_keys where user_id = users.id and revoked_at is null
            and coalesce(expires_at > now(), true))`.as('keys'),
          sql<string>`(extract(epoch from created_at) * 1000000)::bigint`.as('created_us'),
        ])
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (before !== undefined)
        query = query.where(
          sql<boolean>`(created_at, id) < (timestamptz 'epoch' + ${before.createdUs} * interval '1 microsecond', ${before.id}::uuid)`,
        )
      if (id !== undefined) query = query.where('id', '=', id)
      if (email !== undefined) query = query.where('email', '=', email)
      if (plan !== undefined) query = query.where('plan', '=', plan)
      if (status !== undefined) query = query.where('banned_at', status === 'banned' ? 'is not' : 'is', null)
      if (role !== undefined)
        query = query.where(
          sql<boolean>`exists (select from user_roles where user_id = users.id and role = 'admin') = ${role === 'admin'}`,
        )
      if (search !== undefined)
        query = query.where(
          sql<boolean>`position(lower(${search}) in lower(concat_ws(E'\n', name, email, contact_email))) > 0`,
        )
      return (await query.execute()).map(({ created_us, ...row }) => ({
        position: { createdUs: Number(created_us), id: row.id },
        user: {
          ...row,
          credits: Number(row.credits),
          last_sign_in_at: row.last_sign_in_at?.toISOString() ?? null,
          banned_at: row.banned_at?.toISOString() ?? null,
          created_at: row.created_at.toISOString(),
        },
      }))
    },

    /** Until the transaction ends nobody else changes the user. False when there is none that may be changed. */
    async lockUser(id: string): Promise<boolean> {
      const row = await db
        .selectFrom('users')
        .select('id')
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst()
      return row !== undefined
    },

    /**
     * The administrators who are not banned. They stay so until the transaction ends; who was demoted while this one
     * waited is not among them. Locked in one order, so that two of these cannot wait for each other.
     */
    async lockAdmins(): Promise<string[]> {
      const rows = await db
        .selectFrom('users')
        .innerJoin('user_roles', 'user_roles.user_id', 'users.id')
        .select('users.id')
        .where('user_roles.role', '=', 'admin')
        .where('users.banned_at', 'is', null)
        .orderBy('users.id')
        .forUpdate()
        .execute()
      return rows.map(row => row.id)
    },

    async updateUser(
      id: string,
      { plan, banned }: { plan?: string | undefined; banned?: boolean | undefined },
    ) {
      await db
        .updateTable('users')
        .set({
          updated_at: sql`now()`,
          ...(plan === undefined ? {} : { plan }),
          ...(banned === undefined ? {} : { banned_at: banned ? sql`coalesce(banned_at, now())` : null }),
        })
        .where('id', '=', id)
        .execute()
    },

    async grantAdmin(userId: string): Promise<void> {
      await db
        .insertInto('user_roles')
        .values({ user_id: userId, role: 'admin' })
        .onConflict(conflict => conflict.doNothing())
        .execute()
    },

    async withdrawAdmin(userId: string): Promise<void> {
      await db.deleteFrom('user_roles').where('user_id', '=', userId).where('role', '=', 'admin').execute()
    },

    /** How many were still valid. */
    async endSessions(userId: string): Promise<number> {
      const rows = await db
        .deleteFrom('sessions')
        .where('user_id', '=', userId)
        .returning(sql<boolean>`expires_at > now()`.as('valid'))
        .execute()
      return rows.filter(row => row.valid).length
    },

    /** How many were still valid. */
    async revokeKeys(userId: string): Promise<number> {
      const rows = await db
        .updateTable('api_keys')
        .set({ revoked_at: sql`now()` })
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .returning(sql<boolean>`coalesce(expires_at > now(), true)`.as('valid'))
        .execute()
      return rows.filter(row => row.valid).length
    },

    async listPlans(): Promise<Plan[]> {
      const rows = await db.selectFrom('plans').selectAll().orderBy('name').execute()
      return rows.map(toPlan)
    },

    /** Nobody else changes it until the transaction ends. Null when there is none that may be changed. */
    async lockPlan(name: string): Promise<Plan | null> {
      const row = await db
        .selectFrom('plans')
        .selectAll()
        .where('name', '=', name)
        .forUpdate()
        .executeTakeFirst()
      return row ? toPlan(row) : null
    },

    async updatePlan(plan: Plan): Promise<void> {
      const { name, ...limits } = plan
      await db.updateTable('plans').set(limits).where('name', '=', name).execute()
    },

    /** Newest first. */
    async listAudit({ beforeSeq, limit, target, actorId, action }: AuditFilter) {
      let query = db
        .selectFrom('audit_entries')
        .select(['seq', 'at', 'actor', 'actor_id', 'credential', 'action', 'target', 'details'])
        .select(['request_id', 'ip', 'hash'])
        .orderBy('seq', 'desc')
        .limit(limit)
      if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq)
      if (target !== undefined) query = query.where('target', '=', target)
      if (actorId !== undefined) query = query.where('actor_id', '=', actorId)
      if (action !== undefined) query = query.where('action', '=', action)
      const rows = await query.execute()
      return rows.map(
        (row): AuditEntry => ({
          ...row,
          seq: Number(row.seq),
          at: row.at.toISOString(),
          hash: row.hash.toString('hex'),
        }),
      )
    },

    async firstBrokenEntry(): Promise<number | null> {
      const { rows } = await sql<{ seq: string | null }>`select first_broken_audit_entry() as seq`.execute(db)
      const seq = rows[0]?.seq ?? null
      return seq === null ? null : Number(seq)
    },

    /** False when the e-mail address is taken. */
    async insertUser(user: { id: string; name: string; email: string; plan: string }): Promise<boolean> {
      const row = await db
        .insertInto('users')
        .values({ ...user, email_verified: true, is_anonymous: false })
        .onConflict(conflict => conflict.column('email').doNothing())
        .returning('id')
        .executeTakeFirst()
      return row !== undefined
    },

    /** As better-auth keeps it: an identity of the provider `credential` whose account is the user. */
    async putPassword(identity: { id: string; userId: string; hash: string }): Promise<void> {
      await db
        .insertInto('identities')
        .values({
          id: identity.id,
          user_id: identity.userId,
          provider_id: 'credential',
          account_id: identity.userId,
          password: identity.hash,
        })
        .onConflict(conflict =>
          conflict
            .columns(['provider_id', 'account_id'])
            .doUpdateSet({ password: identity.hash, updated_at: sql`now()` }),
        )
        .execute()
    },
  }
}

function toPlan(row: Selectable<PlansTable>): Plan {
  return {
    ...row,
    starting_credits: Number(row.starting_credits),
    monthly_credits: Number(row.monthly_credits),
    max_model_bytes: row.max_model_bytes === null ? null : Number(row.max_model_bytes),
    max_file_bytes: row.max_file_bytes === null ? null : Number(row.max_file_bytes),
  }
}
