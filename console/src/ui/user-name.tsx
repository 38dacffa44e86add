import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useIsAdmin, useMe } from '../app/me.ts'
import { useApi } from '../app/use-api.ts'
import { shortId } from './format.ts'

/** Whose something is: a name for those who may know it. Null is the server: its service-role key, its configuration. */
export function UserName({ id }: { id: string | null }): ReactElement {
  const me = useMe()
  const isAdmin = useIsAdmin()
  const isOther = id !== null && id !== me.id
  const user = useApi(['users', id], (client, options) => client.admin.users.get(id ?? '', options), {
    enabled: isAdmin && isOther,
  })
  if (id === null) return <span className="text-quiet">this server</span>
  if (!isOther) return <span>you</span>
  if (!isAdmin) return <code className="font-mono text-[13px] text-quiet">{shortId(id)}</code>
  return (
    <Link
      to="/users/$id"
      params={{ id }}
      title={user.data?.email ?? id}
      className="underline-offset-2 hover:underline"
    >
      {user.data?.name ?? user.data?.email ?? shortId(id)}
    </Link>
  )
}
