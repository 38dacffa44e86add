import { hash } from 'node:crypto'
import { Problem, type SignInOptions } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Database } from '../../ports/database.ts'
import type { GithubProfile } from './github.ts'
import { createSignInStore, type SignInTables } from './store.ts'

export type SignUpMode = SignInOptions['sign_up']

export type Newcomer = {
  /** Lower case. */
  email: string
  name: string
  passwordHash: string
  /** The token of an invitation link. */
  invitation: string | undefined
}

/** Makes accounts, where the operator lets people make them. */
export function createNewcomers(dependencies: {
  database: Database<SignInTables>
  ids: Ids
  clock: Clock
  mode: SignUpMode
  defaultPlan: string
}) {
  const { database, ids, clock, mode, defaultPlan } = dependencies

  /** The user, how they prove it, and what their invitation gives: all or nothing. */
  function insert(
    profile: Pick<Newcomer, 'email' | 'name'> & { emailVerified: boolean; image: string | null },
    identity: { passwordHash: string } | { githubId: string },
    token: string | undefined,
  ): Promise<'made' | 'taken' | 'refused'> {
    return database.asSystem(async (db, audit) => {
      const store = createSignInStore(db)
      const now = new Date(clock.now())
      // GitHub has verified the address; whoever gives only a password proves by the token that they were invited.
      const byToken = 'passwordHash' in identity
      const invitation =
        byToken && token === undefined
          ? undefined
          : await store.lockInvitation(profile.email, now, byToken ? invitationHash(token ?? '') : undefined)
      if (!invitation && (mode !== 'open' || token !== undefined)) return 'refused'
      const id = ids.uuid()
      if (!(await store.insertUser({ id, ...profile, plan: defaultPlan }))) return 'taken'
      await store.insertIdentity({
        id: ids.uuid(),
        userId: id,
        ...('githubId' in identity
          ? { providerId: 'github', accountId: identity.githubId }
          : { providerId: 'credential', accountId: id, passwordHash: identity.passwordHash }),
      })
      if (!invitation) return 'made'
      await store.useInvitation(invitation.id, now)
      await store.grant(id, invitation.role)
      await audit('invitation-use', invitation.id, { user_id: id, role: invitation.role })
      return 'made'
    })
  }

  return {
    /** @throws Problem `sign-up-refused` for what no invitation could change. */
    refuseUnlessPossible(invitation: string | undefined): void {
      if (mode === 'closed')
        throw new Problem('sign-up-refused', 'Sign-up is closed here. Ask an administrator for an account.')
      if (mode === 'invitation' && invitation === undefined)
        throw new Problem('sign-up-refused', 'Sign-up needs an invitation. Ask an administrator for one.')
    },

    /**
     * Makes the account unless the address has one: then nothing happens, and nothing tells.
     * @throws Problem `sign-up-refused` when the invitation is not valid, whether or not there is such an account.
     */
    async withPassword({ email, name, passwordHash, invitation }: Newcomer): Promise<void> {
      const profile = { email, name, emailVerified: false, image: null }
      if ((await insert(profile, { passwordHash }, invitation)) === 'refused')
        throw new Problem(
          'sign-up-refused',
          'The invitation is not valid for this e-mail address, or was used already. Ask for a new one.',
        )
    },

    /**
     * Makes the account of someone who comes from GitHub for the first time. Whom it does not make one for is refused
     * by better-auth, which finds no account or one of another owner. An address that GitHub has not verified makes
     * none: else whoever types it there first would own it here.
     */
    async fromGithub({ accountId, name, email, emailVerified, image }: GithubProfile): Promise<void> {
      if (mode === 'closed' || email === null || !emailVerified) return
      if (await createSignInStore(database.system).hasIdentity('github', accountId)) return
      await insert({ email, name, emailVerified, image }, { githubId: accountId }, undefined)
    },
  }
}

export function invitationHash(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
