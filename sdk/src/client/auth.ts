import { z } from 'zod'
import {
  type ChangePassword,
  type CurrentSession,
  currentSession,
  type SetUp,
  type SignedIn,
  type SignIn,
  type SignInOptions,
  type SignInRedirect,
  type SignUp,
  signedIn,
  signInOptions,
  signInRedirect,
} from '../contract/sign-in.ts'
import { readReply } from './reply.ts'
import { type Call, type CallOptions, jsonCall, type Send } from './transport.ts'

/** Told the bearer token whenever a session begins, and undefined when it ended. The call ends after it. */
export type OnToken = (token: string | undefined) => void | Promise<void>

/**
 * Sign-in with an account of this server. In a page the session comes as a cookie; elsewhere send the `token`.
 * Every call throws what `Send` throws, and UnexpectedReply.
 */
export type AuthClient = {
  /** @throws Problem `sign-up-refused`. */
  signUp(user: SignUp, options?: CallOptions): Promise<SignedIn>
  /** @throws Problem `invalid-credentials`; `rate-limited` after too many tries. */
  signIn(credentials: SignIn, options?: CallOptions): Promise<SignedIn>
  /** Where the page must go now; it comes back, signed in, to `callbackURL`. */
  signInWithGitHub(
    back?: { callbackURL?: string; errorCallbackURL?: string },
    options?: CallOptions,
  ): Promise<SignInRedirect>
  /** Fulfils too when the session had ended before. */
  signOut(options?: CallOptions): Promise<void>
  /** Null when nobody is signed in. It knows sessions only; `me` knows every kind of caller. */
  session(options?: CallOptions): Promise<CurrentSession>
  /** @throws Problem `invalid-credentials` when `currentPassword` is wrong. */
  changePassword(change: ChangePassword, options?: CallOptions): Promise<void>
  /** What sign-in and sign-up accept here. */
  options(options?: CallOptions): Promise<SignInOptions>
  /** Makes the first administrator, with the token of the link that the first start printed. */
  setUp(administrator: SetUp, options?: CallOptions): Promise<SignedIn>
}

// A new token comes when the other sessions were ended.
const passwordChanged = z.object({ token: z.string().nullish() })

export function createAuthClient(send: Send, onToken: OnToken | undefined): AuthClient {
  const begin = async (to: string, body: SignUp | SignIn | SetUp, options?: CallOptions) => {
    const session = readReply(signedIn, await send(guardedCall(to, body), options))
    await onToken?.(session.token)
    return session
  }

  return {
    signUp: (user, options) => begin('/api/auth/sign-up/email', user, options),
    signIn: (credentials, options) => begin('/api/auth/sign-in/email', credentials, options),
    async signInWithGitHub(back = {}, options) {
      const call = guardedCall('/api/auth/sign-in/social', { provider: 'github', ...back })
      return readReply(signInRedirect, await send(call, options))
    },
    async signOut(options) {
      const call = jsonCall('POST', '/api/auth/sign-out', '{}')
      await send({ ...call, idempotent: true, accepts: [401] }, options)
      await onToken?.(undefined)
    },
    async session(options) {
      return readReply(currentSession, await send({ method: 'GET', path: '/api/auth/get-session' }, options))
    },
    async changePassword(change, options) {
      const call = guardedCall('/api/auth/change-password', change)
      const { token } = readReply(passwordChanged, await send(call, options))
      if (token) await onToken?.(token)
    },
    async options(options) {
      const call = { method: 'GET', path: '/api/v1/sign-in-options' } as const
      return readReply(signInOptions, await send(call, options))
    },
    setUp: (administrator, options) => begin('/api/v1/setup', administrator, options),
  }
}

/** Never repeated: each try counts against the limit of guesses, and someone waits at a form for the answer. */
function guardedCall(to: string, body: object): Call {
  return { ...jsonCall('POST', to, JSON.stringify(body)), maxRetries: 0 }
}
