import { Outlet } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { AdminsOnly } from '../../ui/admins-only.tsx'
import { Page, TabBar } from '../../ui/page.tsx'

const tabs = [
  { label: 'People', link: { to: '/users' } },
  { label: 'Invitations', link: { to: '/users/invitations' } },
  { label: 'Plans', link: { to: '/users/plans' } },
  { label: 'Usage', link: { to: '/users/usage' } },
  { label: 'Audit log', link: { to: '/users/audit' } },
] as const

/** Who may use this server, how much of it, and what was done. */
export function UsersPage(): ReactElement {
  return (
    <Page
      title="Users"
      about="Who may use this server, how much of it, what they used, and what administrators did."
      tabs={<TabBar label="Users" tabs={tabs} />}
    >
      <AdminsOnly what="users, plans and the audit log">
        <Outlet />
      </AdminsOnly>
    </Page>
  )
}
