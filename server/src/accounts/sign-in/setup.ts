import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import type { Ids } from '../../kit/ids.ts'
import { createTurnstile } from '../../kit/turnstile.ts'
import type { Database } from '../../ports/database.ts'
import type { Passwords } from './password.ts'
import { createSignInStore, type SignInTables } from './store.ts'

/** Of an administrator that the operator makes: by the set-up link, or at the command line. */
export const adminPlan = 'unlimited'

/** The first administrator, made with a token that only whoever reads the server's output, or its key, knows. */
export function createSetup(dependencies: {
  database: Database<SignInTables>
  passwords: Passwords
  ids: Ids
  secretKey: string
}) {
  const { database, passwords, ids, secretKey } = dependencies
  const token = createHmac('sha256', secretKey).update('first-admin').digest('base64url')
  // So that of many calls at once one hashes a password, and the others are refused for a query each.
  const turnstile = createTurnstile(1)
  let done = false

  async function needed(): Promise<boolean> {
    done ||= await createSignInStore(database.system).isSetUp()
    return !done
  }

  function isToken(text: string): boolean {
    const given = Buffer.from(text)
    const expected = Buffer.from(token)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  return {
    /** The same on every replica. */
    token,

    /** False for ever once the first administrator is there. */
    needed,

    /** @throws Problem `forbidden`, `conflict` when the address has an account already. */
    async makeFirstAdmin(given: {
      token: string
      email: string
      name: string
      password: string
    }): Promise<void> {
      if (!isToken(given.token)) throw refused()
      await turnstile(async () => {
        if (!(await needed())) throw refused()
        const passwordHash = await passwords.hash(given.password)
        await database.asSystem(async (db, audit) => {
          const store = createSignInStore(db)
          const id = ids.uuid()
          if (!(await store.claimSetup(id))) throw refused()
          const { email, name } = given
          if (
            !(await store.insertUser({ id, name, email, emailVerified: false, image: null, plan: adminPlan }))
          )
            throw new Problem('conflict', 'This e-mail address has an account already. Choose another one.')
          await store.insertIdentity({
            id: ids.uuid(),
            userId: id,
            providerId: 'credential',
            accountId: id,
            passwordHash,
          })
          await store.grant(id, 'admin')
          await audit('setup-first-admin', id, { email })
        })
        done = true
      })
    },
  }
}

function refused(): Problem {
  return new Problem(
    'forbidden',
    'The link is not valid, or was used already. Until then the server prints it each time it starts.',
  )
}
