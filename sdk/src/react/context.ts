'use client'

import { createContext, useContext } from 'react'
import type { Client } from '../client/client.ts'
import type { SessionStore } from '../client/session-store.ts'

/** What a `RoundhouseProvider` gives to all below it. */
export type Provided = { client: Client; store: SessionStore }

export const RoundhouseContext = createContext<Provided | undefined>(undefined)

/** @throws Error outside of a provider. */
export function useProvided(hook: string): Provided {
  const provided = useContext(RoundhouseContext)
  if (!provided)
    throw new Error(`${hook} is used outside of RoundhouseProvider. Put one around the application.`)
  return provided
}
