import { Outlet } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { AdminsOnly } from '../../ui/admins-only.tsx'
import { Page, TabBar } from '../../ui/page.tsx'

const tabs = [
  { label: 'Providers', link: { to: '/settings' } },
  { label: 'Secrets', link: { to: '/settings/secrets' } },
  { label: 'Limits and prices', link: { to: '/settings/limits' } },
  { label: 'Alerts', link: { to: '/settings/alerts' } },
  { label: 'Server', link: { to: '/settings/server' } },
] as const

/** What administrators set without touching the server. */
export function SettingsPage(): ReactElement {
  return (
    <Page
      title="Settings"
      about="Changes here count at once, on every replica. What needs a restart stands under Server."
      tabs={<TabBar label="Settings" tabs={tabs} />}
    >
      <AdminsOnly what="settings">
        <Outlet />
      </AdminsOnly>
    </Page>
  )
}
