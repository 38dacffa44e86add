import type { Plan, Role, Scope } from '@roundhouse/sdk/contract'
import { type Generated, type Kysely, sql } from 'kysely'

type ApiKeysTable = {
  id: string
  user_id: string | null
  name: string
  prefix: string
  hash: Buffer
  scopes: string[]
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
  created_at: Generated<Date>
}

type UsersTable = {
  id: string
  name: string
  email: string | null
  contact_email: string | null
  image: string | null
  issuer: string | null
  is_anonymous: boolean
  plan: string
  banned_at: Date | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type AccountTables = { api_keys: ApiKeysTable; users: UsersTable }

export type StoredKey = {
  id: string
  user_id: string | null
  name: string
  prefix: string
  scopes: Scope[]
  expires_at: Date | null
  last_used_at: Date | null
  created_at: Date
}

export type NewKey = Pick<StoredKey, 'id' | 'user_id' | 'name' | 'prefix' | 'scopes' | 'expires_at'> & {
  hash: Buffer
}

/** What a user may, as of now. */
export type Rights = { userId: string; isAdmin: boolean; isAnonymous: boolean; plan: Plan }

export type UserProfile = {
  id: string
  name: string
  email: string | null
  image: string | null
  issuer: string | null
  is_anonymous: boolean
  roles: Role[]
  credits: number
  created_at: Date
}

const keyColumns = sql`id, user_id, name, prefix, scopes, expires_at, last_used_at, created_at`

/** SQL of who callers are: users and their keys. */
export function createAccountStore(db: Kysely<AccountTables>) {
  return {
    /** A key that is neither revoked nor expired. */
    async keyByHash(
      hash: Buffer,
    ): Promise<{ id: string; userId: string | null; scopes: Scope[]; expiresAt: number | null } | undefined> {
      const { rows } = await sql<Pick<StoredKey, 'id' | 'user_id' | 'scopes' | 'expires_at'>>`
        select id, user_id, scopes, expires_at from api_keys
        where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())`.execute(
        db,
      )
      const row = rows[0]
      return (
        row && {
          id: row.id,
          userId: row.user_id,
          scopes: row.scopes,
          expiresAt: row.expires_at?.getTime() ?? null,
        }
      )
    },

    /** Undefined for a user who is unknown or banned. */
    async rights(userId: string): Promise<Rights | undefined> {
      const { rows } = await sql<Plan & { is_admin: boolean; is_anonymous: boolean }>`
        select users.is_anonymous, has_role(users.id, 'admin') as is_admin, plans.name, plans.requests_per_minute,
          plans.requests_per_hour, plans.concurrent_runs, plans.starting_credits::float8 as starting_credits,
          plans.monthly_credits::float8 as monthly_credits,
          plans.max_models, plans.max_model_bytes::float8 as max_model_bytes,
          plans.max_file_bytes::float8 as max_file_bytes
        from users join plans on plans.name = users.plan
        where users.id = ${userId} and users.banned_at is null`.execute(db)
      const row = rows[0]
      if (!row) return undefined
      const { is_admin: isAdmin, is_anonymous: isAnonymous, ...plan } = row
      return { userId, isAdmin, isAnonymous, plan }
    },

    /** Makes the local row of a foreign user. False when the id belongs to a user of elsewhere: it stays theirs. */
    async meetForeignUser(user: {
      id: string
      issuer: string
      name: string
      contactEmail: string | null
      isAnonymous: boolean
      plan: string
    }): Promise<boolean> {
      const { rows } = await sql<{ issuer: string | null }>`
        insert into users (id, name, contact_email, issuer, is_anonymous, plan)
        values (${user.id}, ${user.name}, ${user.contactEmail}, ${user.issuer}, ${user.isAnonymous}, ${user.plan})
        on conflict (id) do update set name = excluded.name, contact_email = excluded.contact_email,
          is_anonymous = excluded.is_anonymous, updated_at = now()
        where users.issuer = excluded.issuer
        returning issuer`.execute(db)
      return rows.length > 0
    },

    async profile(userId: string): Promise<UserProfile | undefined> {
      const { rows } = await sql<UserProfile>`
        select id, name, coalesce(email, contact_email) as email, image, issuer, is_anonymous, created_at,
          array(select role from user_roles where user_id = users.id order by role) as roles,
          coalesce((select balance from credit_accounts where user_id = users.id), 0)::float8 as credits
        from users where id = ${userId}`.execute(db)
      return rows[0]
    },

    async planNames(): Promise<string[]> {
      const { rows } = await sql<{ name: string }>`select name from plans order by name`.execute(db)
      return rows.map(({ name }) => name)
    },

    /** In a transaction. Null when the user has `most` keys that count already. */
    async insertKey(key: NewKey, most: number): Promise<StoredKey | null> {
      // Counted one after the other.
      await sql`select pg_advisory_xact_lock(7238943, hashtext(coalesce(${key.user_id}::text, '')))`.execute(
        db,
      )
      const { rows } = await sql<StoredKey>`
        insert into api_keys (id, user_id, name, prefix, hash, scopes, expires_at)
        select ${key.id}, ${key.user_id}::uuid, ${key.name}, ${key.prefix}, ${key.hash}, ${key.scopes}::text[], ${key.expires_at}
        where (select count(*) from api_keys
          where user_id is not distinct from ${key.user_id}::uuid and revoked_at is null) < ${most}
        returning ${keyColumns}`.execute(db)
      return rows[0] ?? null
    },

    /** Newest first; revoked ones are gone. */
    async listKeys(userId: string | null): Promise<StoredKey[]> {
      const { rows } = await sql<StoredKey>`
        select ${keyColumns} from api_keys
        where user_id is not distinct from ${userId}::uuid and revoked_at is null order by id desc`.execute(
        db,
      )
      return rows
    },

    /** Of that user; of anyone when `userId` is `'any'`. */
    async revokeKey(id: string, userId: string | null | 'any'): Promise<StoredKey | undefined> {
      const owned = userId === 'any' ? sql`true` : sql`user_id is not distinct from ${userId}::uuid`
      const { rows } = await sql<StoredKey>`
        update api_keys set revoked_at = now() where id = ${id} and revoked_at is null and ${owned}
        returning ${keyColumns}`.execute(db)
      return rows[0]
    },

    /** `used` is id -> milliseconds since the epoch. */
    async touchKeys(used: ReadonlyMap<string, number>): Promise<void> {
      if (used.size === 0) return
      await sql`
        update api_keys set last_used_at = greatest(api_keys.last_used_at, used.at)
        from unnest(${[...used.keys()]}::uuid[], ${[...used.values()].map(ms => new Date(ms))}::timestamptz[]) as used (id, at)
        where api_keys.id = used.id`.execute(db)
    },
  }
}
