import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import type { Caller } from '../caller.ts'
import { sessionTokenHash } from './session-tokens.ts'
import { createSignInStore, type SessionTimes, type SignInTables, type StoredSession } from './store.ts'

export const sessionSeconds = 30 * 24 * 3600
const renewAfterMs = 3_600_000
/** Of those that end with the browser; better-auth gives them a day. */
const shortMs = 2 * 24 * 3_600_000
/** As better-auth makes them. What has another form is not looked for. */
const tokenForm = /^[A-Za-z0-9]{32}$/

export type SessionOf = { sessionId: string; userId: string; expiresAt: number; remembered: boolean }

export function createSessions(dependencies: {
  database: Database<SignInTables>
  clock: Clock
  log: Log
  /** Told whose cached identities are no longer true. */
  changed: (userId: string) => Promise<void>
}) {
  const { database, clock, log, changed } = dependencies
  const store = createSignInStore(database.system)

  /** A session that is used lives on: written at most once an hour, and nobody waits for it. */
  function renew({ sessionId, updatedAt }: SessionTimes, now: number): void {
    if (updatedAt > now - renewAfterMs) return
    const expiresAt = new Date(now + sessionSeconds * 1000)
    store
      .renewSession(sessionId, new Date(now), expiresAt, new Date(now - renewAfterMs))
      .catch(error => log.warn('session-renew-fail', { err: error }))
  }

  return {
    /** One look-up by index. `remembered` is false when it ends with the browser, or after a day. */
    async of(token: string): Promise<SessionOf | undefined> {
      if (!tokenForm.test(token)) return undefined
      const session = await store.session(sessionTokenHash(token))
      const now = clock.now()
      if (!session || session.expiresAt <= now) return undefined
      const { sessionId, userId, expiresAt, updatedAt } = session
      const remembered = expiresAt - updatedAt > shortMs
      if (remembered) renew(session, now)
      return { sessionId, userId, expiresAt, remembered }
    },

    /** Where the caller is signed in, newest first. */
    async list(caller: Caller): Promise<(StoredSession & { current: boolean })[]> {
      const { userId } = caller
      if (userId === null) return []
      const rows = await database.as(caller, db =>
        createSignInStore(db).listSessions(userId, new Date(clock.now())),
      )
      return rows.map(row => ({ ...row, current: row.id === caller.credential }))
    },

    /** Signs out there. @throws Problem `resource-not-found` for all but the caller's own. */
    async remove(caller: Caller, sessionId: string): Promise<void> {
      const { userId } = caller
      const removed =
        userId !== null &&
        (await database.as(caller, db => createSignInStore(db).removeSession(sessionId, userId)))
      if (!removed) throw new Problem('resource-not-found', `There is no session ${sessionId}.`)
      await changed(userId)
    },

    /** Expired rows, a day later. */
    sweep: (): Promise<void> => store.removeExpired(new Date(clock.now() - 24 * 3_600_000)),
  }
}
