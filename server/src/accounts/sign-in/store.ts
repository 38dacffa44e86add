import type { Role } from '@roundhouse/sdk/contract'
import { type Kysely, sql } from 'kysely'

type SessionsTable = {
  id: string
  user_id: string
  token: string
  expires_at: Date
  ip_address: string | null
  user_agent: string | null
  created_at: Date
  updated_at: Date
}

type InvitationsTable = {
  id: string
  email: string
  role: Role
  token_hash: Buffer
  expires_at: Date
  used_at: Date | null
  created_by: string | null
  created_at: Date
}

export type SignInTables = { sessions: SessionsTable; invitations: InvitationsTable }

export type StoredSession = Omit<SessionsTable, 'token' | 'user_id' | 'updated_at'>
export type SessionTimes = { sessionId: string; userId: string; expiresAt: number; updatedAt: number }
export type SignedInUser = { id: string; email: string; name: string; image: string | null }
export type StoredInvitation = Omit<InvitationsTable, 'token_hash' | 'created_by'>
export type NewUser = {
  id: string
  name: string
  email: string
  emailVerified: boolean
  image: string | null
  plan: string
}
export type NewIdentity = {
  id: string
  userId: string
  providerId: 'credential' | 'github'
  accountId: string
  passwordHash?: string
}

/** What better-auth does not do by itself: sessions of the hot path, invitations, and whoever is new. */
export function createSignInStore(db: Kysely<SignInTables>) {
  const invitationColumns = ['id', 'email', 'role', 'expires_at', 'used_at', 'created_at'] as const

  return {
    /** Also when it has expired. */
    async session(tokenHash: string): Promise<SessionTimes | undefined> {
      const row = await db
        .selectFrom('sessions')
        .select(['id', 'user_id', 'expires_at', 'updated_at'])
        .where('token', '=', tokenHash)
        .executeTakeFirst()
      return (
        row && {
          sessionId: row.id,
          userId: row.user_id,
          expiresAt: row.expires_at.getTime(),
          updatedAt: row.updated_at.getTime(),
        }
      )
    },

    /** Unless another did so since `updatedBefore`. */
    async renewSession(sessionId: string, now: Date, expiresAt: Date, updatedBefore: Date): Promise<void> {
      await db
        .updateTable('sessions')
        .set({ expires_at: expiresAt, updated_at: now })
        .where('id', '=', sessionId)
        .where('updated_at', '<', updatedBefore)
        .execute()
    },

    /** Newest first. */
    listSessions: (userId: string, now: Date): Promise<StoredSession[]> =>
      db
        .selectFrom('sessions')
        .select(['id', 'ip_address', 'user_agent', 'created_at', 'expires_at'])
        .where('user_id', '=', userId)
        .where('expires_at', '>', now)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1000)
        .execute(),

    async removeSession(sessionId: string, userId: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('sessions')
        .where('id', '=', sessionId)
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
      return numDeletedRows > 0n
    },

    /** Sessions and values under way that are over since `time`. */
    async removeExpired(time: Date): Promise<void> {
      await db.deleteFrom('sessions').where('expires_at', '<', time).execute()
      await sql`delete from verifications where expires_at < ${time}`.execute(db)
    },

    /** Undefined for who is banned. */
    async user(id: string): Promise<SignedInUser | undefined> {
      const { rows } = await sql<SignedInUser>`
        select id, email, name, image from users
        where id = ${id} and email is not null and banned_at is null`.execute(db)
      return rows[0]
    },

    async isBanned(userId: string): Promise<boolean> {
      const { rows } = await sql`
        select from users where id = ${userId} and banned_at is not null`.execute(db)
      return rows.length > 0
    },

    /** False when the address has an account. */
    async insertUser(user: NewUser): Promise<boolean> {
      const { rows } = await sql`
        insert into users (id, name, email, email_verified, image, plan)
        values (${user.id}, ${user.name}, ${user.email}, ${user.emailVerified}, ${user.image}, ${user.plan})
        on conflict (email) do nothing returning id`.execute(db)
      return rows.length > 0
    },

    async insertIdentity(identity: NewIdentity): Promise<void> {
      const { id, userId, providerId, accountId, passwordHash = null } = identity
      await sql`
        insert into identities (id, user_id, provider_id, account_id, password)
        values (${id}, ${userId}, ${providerId}, ${accountId}, ${passwordHash})`.execute(db)
    },

    async hasIdentity(providerId: string, accountId: string): Promise<boolean> {
      const { rows } = await sql`
        select from identities where provider_id = ${providerId} and account_id = ${accountId}`.execute(db)
      return rows.length > 0
    },

    async grant(userId: string, role: Role): Promise<void> {
      await sql`
        insert into user_roles (user_id, role) values (${userId}, ${role}) on conflict do nothing`.execute(db)
    },

    /** Unused and not expired; locked until the transaction ends, so that it is used once. */
    async lockInvitation(
      email: string,
      now: Date,
      tokenHash?: Buffer,
    ): Promise<{ id: string; role: Role } | undefined> {
      let query = db
        .selectFrom('invitations')
        .select(['id', 'role'])
        .where('email', '=', email)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('id', 'desc')
        .limit(1)
        .forUpdate()
      if (tokenHash) query = query.where('token_hash', '=', tokenHash)
      return query.executeTakeFirst()
    },

    async useInvitation(id: string, now: Date): Promise<void> {
      await db.updateTable('invitations').set({ used_at: now }).where('id', '=', id).execute()
    },

    insertInvitation: (row: Omit<InvitationsTable, 'used_at'>): Promise<StoredInvitation> =>
      db
        .insertInto('invitations')
        .values({ ...row, used_at: null })
        .returning(invitationColumns)
        .executeTakeFirstOrThrow(),

    /** Newest first. */
    listInvitations: (limit: number): Promise<StoredInvitation[]> =>
      db
        .selectFrom('invitations')
        .select(invitationColumns)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),

    async removeInvitation(id: string): Promise<string | undefined> {
      const row = await db
        .deleteFrom('invitations')
        .where('id', '=', id)
        .returning('email')
        .executeTakeFirst()
      return row?.email
    },

    async isSetUp(): Promise<boolean> {
      const { rows } = await sql`select from setup`.execute(db)
      return rows.length > 0
    },

    /** False when it was done already; waits for one that is under way. */
    async claimSetup(userId: string): Promise<boolean> {
      const { rows } = await sql`
        insert into setup (first_admin_id) values (${userId}) on conflict do nothing returning one`.execute(
        db,
      )
      return rows.length > 0
    },
  }
}
