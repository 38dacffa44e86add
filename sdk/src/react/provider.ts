'use client'

import { createElement, type ReactElement, type ReactNode, useMemo, useSyncExternalStore } from 'react'
import type { Client } from '../client/client.ts'
import {
  createSessionStore,
  loadingState,
  type SessionActions,
  type SessionState,
} from '../client/session-store.ts'
import { RoundhouseContext, useProvided } from './context.ts'

export { type FollowedRun, useRun } from './use-run.ts'

/** `client` is made once, outside of any component: another one is another session. */
export type RoundhouseProviderProps = { client: Client; children?: ReactNode }

/** One session for all components below it. The server is asked once the first of them uses it in a page. */
export function RoundhouseProvider({ client, children }: RoundhouseProviderProps): ReactElement {
  const provided = useMemo(() => ({ client, store: createSessionStore(client) }), [client])
  return createElement(RoundhouseContext.Provider, { value: provided }, children)
}

/** The client of the nearest provider. */
export function useClient(): Client {
  return useProvided('useClient').client
}

/** Who is signed in, and how to change that. Renders 'loading' on a server, and again until the server has answered. */
export function useSession(): SessionState & SessionActions {
  const { store } = useProvided('useSession')
  const state = useSyncExternalStore(store.subscribe, store.getState, loading)
  const { signIn, signUp, signOut, refresh } = store
  return { ...state, signIn, signUp, signOut, refresh }
}

const loading = () => loadingState
