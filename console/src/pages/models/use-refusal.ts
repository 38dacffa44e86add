import { useIsAdmin, useMe } from '../../app/me.ts'

/** Why the caller may not change the model; undefined when they may. */
export function useRefusal(ownerId: string | null | undefined): string | undefined {
  const me = useMe()
  const isAdmin = useIsAdmin()
  if (isAdmin || ownerId === undefined || (ownerId !== null && ownerId === me.id)) return undefined
  return 'It is not yours: only its owner and administrators may change it.'
}
