import { createPasswords, type Passwords } from '../accounts/sign-in/password.ts'
import { createSignIn, type SignInConfig, type Visitor } from '../accounts/sign-in/sign-in.ts'
import type { SignInTables } from '../accounts/sign-in/store.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import type { Scope } from './defer.ts'
import { openTestDatabase } from './open-test-database.ts'

export const testSecret = 'a-secret-key-for-tests-of-more-than-32-characters'

/** A program without cookies, which says nothing of where it comes from. */
export const program: Visitor = { address: '192.0.2.7', headers: { 'user-agent': 'test-program' } }

/** A fresh database of its own. */
export async function accountsDatabase(scope: Scope): Promise<Database<SignInTables>> {
  const { database } = await openTestDatabase<SignInTables>(scope, { max: 4, systemMax: 4 })
  return database
}

/** The sign-in room, without limits and with quick hashes; `changed` lists the users whose sessions changed. */
export function signInRoom(
  database: Database<SignInTables>,
  options: Partial<SignInConfig> & { clock?: Clock; attempt?: () => void; passwords?: Passwords } = {},
) {
  const changed: string[] = []
  const room = createSignIn({
    database,
    throttle: { attempt: options.attempt ?? (() => {}) },
    passwords: createPasswords({ logN: 8, r: 8, p: 1 }),
    ids: createIds(),
    clock: systemClock,
    log: silentLog,
    changed: async id => {
      changed.push(id)
    },
    publicUrl: 'http://localhost:3000',
    secretKey: testSecret,
    trustedOrigins: [],
    cookiesCrossSite: false,
    signUp: 'open',
    defaultPlan: 'free',
    github: undefined,
    ...options,
  })
  return { ...room, changed }
}
