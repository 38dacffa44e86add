import { randomBytes } from 'node:crypto'
import { Problem, type Role } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Database, WithinTransaction } from '../../ports/database.ts'
import type { Caller } from '../caller.ts'
import { invitationHash } from './newcomers.ts'
import { createSignInStore, type SignInTables, type StoredInvitation } from './store.ts'

/** The token is in no table. */
export type CreatedInvitation = { invitation: StoredInvitation; token: string }

const lifeMs = 7 * 24 * 3_600_000
const mostListed = 500

/** Of administrators: row-level security refuses everyone else. */
export function createInvitations(dependencies: {
  database: Database<SignInTables>
  ids: Ids
  clock: Clock
}) {
  const { database, ids, clock } = dependencies

  return {
    /** Good for one account with this address, for 7 days. */
    create(
      caller: Caller,
      { email, role }: { email: string; role: Role },
      within?: WithinTransaction<CreatedInvitation>,
    ): Promise<CreatedInvitation> {
      const token = randomBytes(32).toString('base64url')
      const now = clock.now()
      return database.as(caller, async (db, audit) => {
        const invitation = await createSignInStore(db).insertInvitation({
          id: ids.uuid(),
          email,
          role,
          token_hash: invitationHash(token),
          expires_at: new Date(now + lifeMs),
          created_by: caller.userId,
          created_at: new Date(now),
        })
        await audit('invitation-create', invitation.id, { email, role })
        await within?.(db, { invitation, token })
        return { invitation, token }
      })
    },

    /** The newest 500. */
    list: (caller: Caller): Promise<StoredInvitation[]> =>
      database.as(caller, db => createSignInStore(db).listInvitations(mostListed)),

    /** @throws Problem `resource-not-found` */
    remove: (caller: Caller, id: string): Promise<void> =>
      database.as(caller, async (db, audit) => {
        const email = await createSignInStore(db).removeInvitation(id)
        if (email === undefined) throw new Problem('resource-not-found', `There is no invitation ${id}.`)
        await audit('invitation-remove', id, { email })
      }),
  }
}
