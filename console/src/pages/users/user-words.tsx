import type { User } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { State } from '../../ui/state.tsx'

export function isAdministrator(user: Pick<User, 'roles'>): boolean {
  return user.roles.includes('admin')
}

export function UserRole({ user }: { user: User }): ReactElement {
  return isAdministrator(user) ? (
    <span className="font-medium">administrator</span>
  ) : (
    <span className="text-quiet">member</span>
  )
}

export function UserState({ user }: { user: User }): ReactElement {
  return user.banned_at === null ? (
    <State tone="good">active</State>
  ) : (
    <State tone="bad" title={`Since ${user.banned_at}`}>
      banned
    </State>
  )
}
