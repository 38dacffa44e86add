import type { Me } from '@roundhouse/sdk'
import { createContext, useContext } from 'react'

export const MeContext = createContext<Me | undefined>(undefined)

/** Who is signed in; on every page of the shell. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (!me) throw new Error('useMe is used outside of the shell.')
  return me
}

export function useIsAdmin(): boolean {
  return useMe().roles.includes('admin')
}
