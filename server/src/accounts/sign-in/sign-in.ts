import {
  type ChangePassword,
  type SignIn as Credentials,
  type CurrentSession,
  Problem,
  type SetUp,
  type SignInOptions,
  type SignUp,
  type signInSocial,
} from '@roundhouse/sdk/contract'
import type { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import type { Caller } from '../caller.ts'
import { addressHeader, createAuth } from './auth.ts'
import { createGithub, type GithubOptions } from './github.ts'
import { createInvitations } from './invitations.ts'
import { createNewcomers, type SignUpMode } from './newcomers.ts'
import type { Passwords } from './password.ts'
import { refusal } from './refusal.ts'
import { createSessionCookie } from './session-cookie.ts'
import { createSessions, sessionSeconds } from './sessions.ts'
import { createSetup } from './setup.ts'
import { createSignInStore, type SignInTables } from './store.ts'

export type SignIn = ReturnType<typeof createSignIn>

/** Who knocks. `headers` are of the request: cookies, where it comes from, and with which program. */
export type Visitor = {
  address: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** `cookies` are whole `Set-Cookie` headers; `location` is where a redirect goes. */
export type Answer = { body: unknown; cookies: readonly string[]; location?: string | undefined }

export type SignInConfig = {
  /** Without a path: links, cookies and GitHub's way back are made for it. */
  publicUrl: string
  secretKey: string
  /** Whose pages may sign people in, beside our own. */
  trustedOrigins: readonly string[]
  cookiesCrossSite: boolean
  signUp: SignUpMode
  defaultPlan: string
  github: GithubOptions | undefined
}

const longestUserAgent = 300

/** Sign-in of our own accounts: passwords, GitHub, sessions, invitations, and the first administrator. */
export function createSignIn(
  dependencies: {
    database: Database<SignInTables>
    /** @throws Problem `rate-limited` */
    throttle: { attempt(who: { account?: string; address: string }): void }
    ids: Ids
    clock: Clock
    log: Log
    /** Told the id of a user whose sessions changed, so that no replica remembers them. */
    changed: (userId: string) => Promise<void>
    passwords: Passwords
  } & SignInConfig,
) {
  const { database, throttle, passwords, ids, clock, log, changed, secretKey, trustedOrigins } = dependencies
  const publicUrl = dependencies.publicUrl.replace(/\/$/, '')
  const origins = new Set([publicUrl, ...trustedOrigins])
  const mode = dependencies.signUp
  const store = createSignInStore(database.system)
  const cookie = createSessionCookie({ publicUrl, secretKey, crossSite: dependencies.cookiesCrossSite })
  const newcomers = createNewcomers({ database, ids, clock, mode, defaultPlan: dependencies.defaultPlan })
  const setup = createSetup({ database, passwords, ids, secretKey })
  const sessions = createSessions({ database, clock, log, changed })
  const github = dependencies.github && createGithub(dependencies.github, newcomers.fromGithub, log)
  const ask = createAuth({
    database,
    passwords,
    cookie,
    github,
    ids,
    log,
    publicUrl,
    secretKey,
    trustedOrigins,
  })

  /** Asks better-auth. @throws Problem for what it refuses */
  async function forward(
    method: 'GET' | 'POST',
    path: string,
    { address, headers }: Visitor,
    more: { body?: unknown; cookie?: string | undefined },
  ): Promise<Answer> {
    // Where it comes from has been looked at: here, or at the door when it brings a cookie.
    const sent = new Headers({ [addressHeader]: address, origin: publicUrl })
    const agent = headers['user-agent']
    if (typeof agent === 'string') sent.set('user-agent', agent.slice(0, longestUserAgent))
    if (more.cookie !== undefined) sent.set('cookie', more.cookie)
    if (more.body !== undefined) sent.set('content-type', 'application/json')
    const response = await ask(
      new Request(`${publicUrl}/api/auth${path}`, {
        method,
        headers: sent,
        ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
      }),
    )
    const text = await response.text()
    const body: unknown = text === '' ? null : JSON.parse(text)
    if (!response.ok && response.status !== 302) throw refusal(response.status, body)
    return {
      body,
      cookies: response.headers.getSetCookie(),
      location: response.headers.get('location') ?? undefined,
    }
  }

  /** A page of another site could else sign its reader in as somebody else. */
  function refuseOtherSites({ headers }: Visitor): void {
    const { origin, 'sec-fetch-site': site } = headers
    if (site === 'same-origin' || (origin === undefined && (site === undefined || site === 'none'))) return
    if (typeof origin === 'string' && origins.has(origin)) return
    throw new Problem(
      'cross-site',
      'Sign-in from a page of another site is refused. CORS_ORIGINS lists the origins that may.',
    )
  }

  function enter(visitor: Visitor, credentials: Credentials): Promise<Answer> {
    return forward('POST', '/sign-in/email', visitor, { body: credentials })
  }

  return {
    /** In the link that makes the first administrator; the same on every replica. */
    setupToken: setup.token,
    needsSetup: setup.needed,
    sessions,
    invitations: createInvitations({ database, ids, clock }),
    /** @throws Problem `database-unavailable` */
    sessionOf: sessions.of,
    sessionTokenFromCookie: cookie.read,

    async options(): Promise<SignInOptions> {
      return { sign_up: mode, github: github !== undefined, needs_setup: await setup.needed() }
    },

    /** @throws Problem `invalid-credentials`, `rate-limited`, `cross-site`, `forbidden` for a suspended account */
    async withPassword(credentials: Credentials, visitor: Visitor): Promise<Answer> {
      refuseOtherSites(visitor)
      throttle.attempt({ account: credentials.email.trim().toLowerCase(), address: visitor.address })
      return enter(visitor, credentials)
    },

    /**
     * Makes the account and signs in. For an address that has one it is a sign-in, with the same work and the same
     * refusal: the answer to a wrong password. So a lost answer may be asked for again, and a refusal says no more
     * than a sign-in would. That this address can have no new account remains to be seen where sign-up is open:
     * without a mail to its owner nothing could hide it, and each probe of a free address makes an account.
     * @throws Problem `sign-up-refused`, and as `withPassword`
     */
    async signUp({ invitation, ...given }: SignUp, visitor: Visitor): Promise<Answer> {
      const { email, name, password } = given
      refuseOtherSites(visitor)
      throttle.attempt({ account: email, address: visitor.address })
      newcomers.refuseUnlessPossible(invitation)
      const passwordHash = await passwords.hash(password)
      await newcomers.withPassword({ email, name, passwordHash, invitation })
      return enter(visitor, { email, password })
    },

    /** Makes the first administrator, once. @throws Problem `forbidden`, `conflict` */
    async setUp(given: SetUp, visitor: Visitor): Promise<Answer> {
      refuseOtherSites(visitor)
      throttle.attempt({ address: visitor.address })
      await setup.makeFirstAdmin(given)
      return enter(visitor, { email: given.email, password: given.password })
    },

    /** Where the browser goes to sign in at GitHub; the cookie binds the way back to this browser. */
    async withGithub(given: z.output<typeof signInSocial>, visitor: Visitor): Promise<Answer> {
      refuseOtherSites(visitor)
      // Each one is a row until it expires.
      throttle.attempt({ address: visitor.address })
      return forward('POST', '/sign-in/social', visitor, { body: given })
    },

    /** The way back. Always a redirect; one to the error page has `?error=`. */
    async githubCallback(
      query: Readonly<Record<string, string | undefined>>,
      visitor: Visitor,
    ): Promise<Answer> {
      throttle.attempt({ address: visitor.address })
      const given = new URLSearchParams()
      for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value)
      const { cookie: cookies } = visitor.headers
      return forward('GET', `/callback/github?${given}`, visitor, {
        cookie: typeof cookies === 'string' ? cookies : undefined,
      })
    },

    /** Null when the token is no session's. A cookie is renewed with its session. */
    async current(given: { token: string; isCookie: boolean } | undefined): Promise<Answer> {
      const session = given && (await sessions.of(given.token))
      const user = session && (await store.user(session.userId))
      if (!session || !user) return { body: null, cookies: given?.isCookie ? [cookie.expire()] : [] }
      const expiresAt = new Date(session.expiresAt).toISOString()
      const body: CurrentSession = { user, session: { id: session.sessionId, expiresAt } }
      const renewed = given.isCookie && session.remembered
      return { body, cookies: renewed ? [cookie.set(given.token, sessionSeconds)] : [] }
    },

    async signOut(caller: Caller): Promise<Answer> {
      await sessions.remove(caller, caller.credential)
      return { body: { success: true }, cookies: [cookie.expire()] }
    },

    /** @throws Problem `invalid-credentials`, `conflict` for an account without a password, `rate-limited` */
    async changePassword(caller: Caller, token: string, given: ChangePassword, visitor: Visitor) {
      throttle.attempt({ account: caller.userId ?? caller.credential, address: visitor.address })
      // better-auth takes a database that does not answer for a session that has ended.
      if (!(await sessions.of(token)))
        throw new Problem('unauthenticated', 'The session has ended. Sign in again.')
      const answer = await forward('POST', '/change-password', visitor, {
        body: given,
        cookie: cookie.header(token),
      })
      if (caller.userId !== null) await changed(caller.userId)
      return answer
    },

    sweep: sessions.sweep,
  }
}
