import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { HouseOverview } from './house-overview.tsx'
import { OwnOverview } from './own-overview.tsx'

/** How things stand: of the whole server for administrators, of their own things for everyone else. */
export function OverviewPage(): ReactElement {
  return useIsAdmin() ? <HouseOverview /> : <OwnOverview />
}
