import type { Me } from '../contract/account.ts'
import { isProblem } from '../contract/problem.ts'
import type { SignedIn, SignIn, SignUp } from '../contract/sign-in.ts'
import type { Client } from './client.ts'
import type { CallOptions } from './transport.ts'

/**
 * `error` is why the last reading failed; a reading that got no answer leaves the rest as it was, so that a page
 * that goes through a tunnel does not sign its user out.
 */
export type SessionState =
  | { readonly status: 'loading'; readonly me: undefined; readonly error: Error | undefined }
  | { readonly status: 'signed-in'; readonly me: Me; readonly error: Error | undefined }
  | { readonly status: 'signed-out'; readonly me: undefined; readonly error: Error | undefined }

export type SessionActions = {
  /** Fulfils when `me` is known; throws too when the session began but its next call failed. */
  signIn(credentials: SignIn, options?: CallOptions): Promise<SignedIn>
  signUp(user: SignUp, options?: CallOptions): Promise<SignedIn>
  signOut(options?: CallOptions): Promise<void>
  /** Asks the server again; never throws. */
  refresh(): Promise<void>
}

export type SessionStore = SessionActions & {
  getState(): SessionState
  /** The first subscriber starts a reading. While there is one, tabs of the same origin tell each other of changes. */
  subscribe(listener: () => void): () => void
}

export const loadingState: SessionState = { status: 'loading', me: undefined, error: undefined }

/** Who is signed in, for any framework. Nothing is asked, opened or held before the first `subscribe` or action. */
export function createSessionStore(client: Pick<Client, 'auth' | 'me'>): SessionStore {
  const listeners = new Set<() => void>()
  let state = loadingState
  /** The newest one alone decides: an older answer may be of a session that has ended. */
  let reading: Promise<void> | undefined
  let tabs: Tabs | undefined

  const change = (next: SessionState) => {
    state = next
    for (const listener of [...listeners]) listener()
  }
  const refresh = (): Promise<void> => {
    const mine: Promise<void> = readSession(client).then(next => {
      if (reading !== mine) return reading
      reading = undefined
      change('status' in next ? next : { ...state, error: next.error })
    })
    reading = mine
    return mine
  }
  const begin = async (session: Promise<SignedIn>) => {
    const signedIn = await session
    tabs?.postMessage('changed')
    // Whoever it was before must not be shown when the reading fails now.
    if (state.status === 'signed-in') change(loadingState)
    await refresh()
    if (state.status !== 'signed-in') throw state.error ?? new Error(notArrived)
    return signedIn
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      if (listeners.size === 1) {
        tabs = openTabs(() => void refresh())
        if (!reading) void refresh()
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        tabs?.close()
        tabs = undefined
      }
    },
    refresh,
    signIn: (credentials, options) => begin(client.auth.signIn(credentials, options)),
    signUp: (user, options) => begin(client.auth.signUp(user, options)),
    async signOut(options) {
      await client.auth.signOut(options)
      reading = undefined
      tabs?.postMessage('changed')
      change({ status: 'signed-out', me: undefined, error: undefined })
    },
  }
}

const notArrived =
  'The sign-in succeeded, but the next call came without it. Does the browser keep the cookies of this server? A page of another site keeps the token instead, with onToken.'

/** A whole state, or only an error when the server did not say who this is. */
async function readSession(client: Pick<Client, 'me'>): Promise<SessionState | { error: Error }> {
  try {
    return { status: 'signed-in', me: await client.me(), error: undefined }
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause), { cause })
    if (!isProblem(error)) return { error }
    if (error.status === 401) return { status: 'signed-out', me: undefined, error: undefined }
    if (error.status === 403) return { status: 'signed-out', me: undefined, error }
    return { error }
  }
}

/** The other tabs of the same origin. */
type Tabs = { postMessage(message: string): void; close(): void }

function openTabs(onChange: () => void): Tabs | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  const channel = new BroadcastChannel('roundhouse-session')
  channel.onmessage = onChange
  return channel
}
