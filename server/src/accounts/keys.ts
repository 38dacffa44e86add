import { hash, randomBytes } from 'node:crypto'
import { Problem, type Scope } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Audit, Database, WithinTransaction } from '../ports/database.ts'
import { act } from './actor.ts'
import { type Caller, mayEverything } from './caller.ts'
import { type AccountTables, createAccountStore, type StoredKey } from './store.ts'

export type KeyDraft = {
  name: string
  scopes?: readonly Scope[] | undefined
  expiresAt?: Date | null | undefined
}

/** A stored key, and the secret itself, which is nowhere else. */
export type CreatedKey = { row: StoredKey; key: string }

export type Keys = ReturnType<typeof createKeys>

export const keyPrefix = 'rh_'
const defaultScopes: readonly Scope[] = ['predict', 'agents', 'files', 'read']
const shownCharacters = 10
/** Of one user. More are a leak of keys, or a loop. */
const mostKeys = 100

/** The keys of users, and of the house (without a user: all rights, bounded by their scopes). */
export function createKeys(dependencies: {
  database: Database<AccountTables>
  ids: Ids
  clock: Clock
  /** Told after a key is revoked: cached identities of it end now. */
  revoked: (id: string) => Promise<void>
}) {
  const { database, ids, clock, revoked } = dependencies

  async function insert(
    db: Kysely<AccountTables>,
    audit: Audit,
    userId: string | null,
    draft: KeyDraft,
  ): Promise<CreatedKey> {
    const { name, scopes = defaultScopes, expiresAt = null } = draft
    if (expiresAt !== null && expiresAt.getTime() <= clock.now())
      throw new Problem('invalid-request', 'expires_at: must be in the future.')
    const key = `${keyPrefix}${randomBytes(32).toString('base64url')}`
    const row = await createAccountStore(db).insertKey(
      {
        id: ids.uuid(),
        user_id: userId,
        name,
        prefix: key.slice(0, shownCharacters),
        hash: hashOf(key),
        scopes: [...new Set(scopes)],
        expires_at: expiresAt,
      },
      mostKeys,
    )
    if (!row)
      throw new Problem(
        'conflict',
        `There are ${mostKeys} keys already. Revoke one that is not used any more.`,
      )
    await audit('key-create', row.id, { user_id: userId, scopes: row.scopes })
    return { row, key }
  }

  return {
    /** For oneself; never with more scopes than the credential has that makes it, nor for longer. @throws Problem `forbidden`, `conflict`. */
    async create(
      caller: Caller,
      draft: KeyDraft,
      within?: WithinTransaction<CreatedKey>,
    ): Promise<CreatedKey> {
      const missing = draft.scopes?.find(scope => !caller.scopes.has(scope))
      if (missing !== undefined)
        throw new Problem('forbidden', `A key with the scope ${missing} needs a caller who has it.`)
      const scopes = draft.scopes ?? defaultScopes.filter(scope => caller.scopes.has(scope))
      const expiresAt = earlier(draft.expiresAt ?? null, caller.expiresAt)
      return database.as(caller, async (db, audit) => {
        const created = await insert(db, audit, caller.userId, { ...draft, scopes, expiresAt })
        await within?.(db, created)
        return created
      })
    },

    /** What an operator does at the command line. Null: a key of the house. */
    createFor(userId: string | null, draft: KeyDraft): Promise<CreatedKey> {
      return database.asSystem((db, audit) => insert(db, audit, userId, draft))
    },

    /** The caller's own; of the service-role key: those of the house. */
    list(caller: Caller): Promise<StoredKey[]> {
      return database.as(caller, db => createAccountStore(db).listKeys(caller.userId))
    },

    listFor(userId: string | null): Promise<StoredKey[]> {
      return createAccountStore(database.system).listKeys(userId)
    },

    /** Refused from now on here, within 5 s everywhere. @throws Problem `resource-not-found`. */
    async revoke(actor: Caller | 'system', id: string): Promise<void> {
      await act(database, actor, async (db, audit) => {
        const owner = actor === 'system' || mayEverything(actor) ? 'any' : actor.userId
        const row = await createAccountStore(db).revokeKey(id, owner)
        if (!row) throw new Problem('resource-not-found', `There is no key with the id ${id}.`)
        await audit('key-revoke', id, { user_id: row.user_id })
      })
      await revoked(id)
    },
  }
}

/** Null never ends. */
function earlier(date: Date | null, ms: number | null): Date | null {
  if (ms === null) return date
  return date === null || date.getTime() > ms ? new Date(ms) : date
}

/** 32 random bytes need no slow hash: there is nothing to guess. */
export function hashOf(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}
