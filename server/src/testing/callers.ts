import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { allScopes, type Caller, unlimited } from '../accounts/caller.ts'

/** Nobody is signed in. */
export const anonymousCaller: Caller = {
  role: 'anonymous',
  userId: null,
  credential: 'none',
  kind: 'none',
  scopes: new Set(['predict', 'read']),
  plan: unlimited,
  expiresAt: null,
  limitKey: '127.0.0.1',
}

/** Someone with an account and a key for everything. */
export async function newCaller<Tables>(
  system: Kysely<Tables>,
  role: 'member' | 'admin' = 'member',
): Promise<Caller & { userId: string }> {
  const userId = randomUUID()
  await sql`insert into users (id, name, email) values (${userId}, ${role}, ${`${userId}@example.com`})`.execute(
    system,
  )
  return {
    role,
    userId,
    credential: userId,
    kind: 'api-key',
    scopes: allScopes,
    plan: unlimited,
    expiresAt: null,
    limitKey: userId,
  }
}
