import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { Page } from '../../ui/page.tsx'
import { Notice } from '../../ui/state.tsx'
import { RequestLookup } from '../requests/request-lookup.tsx'
import { LogTail } from './log-tail.tsx'

/** What every process of the server tells, as it happens. */
export function LogsPage(): ReactElement {
  if (useIsAdmin()) return <LogTail />
  return (
    <Page title="Logs">
      <div className="grid max-w-2xl gap-6">
        <Notice tone="info">
          Logs hold lines about everybody, so they are for administrators. What a request of your own did you
          can see by its id.
        </Notice>
        <RequestLookup />
      </div>
    </Page>
  )
}
