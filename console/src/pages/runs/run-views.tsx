import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'

type View = 'timeline' | 'text' | 'events' | 'logs'
const views: readonly (readonly [view: View, label: string])[] = [
  ['timeline', 'Timeline'],
  ['text', 'Text'],
  ['events', 'Events'],
]
/** Log lines are for administrators. */
const adminViews: typeof views = [...views, ['logs', 'Logs']]

/** The ways to look at one run, at one address: only what stands behind `?` differs. */
export function RunViews({ id }: { id: string }): ReactElement {
  const isAdmin = useIsAdmin()
  return (
    <nav aria-label="Views of the run" className="-mb-px flex gap-1 overflow-x-auto">
      {(isAdmin ? adminViews : views).map(([view, label]) => (
        <Link
          key={view}
          to="/runs/$id"
          params={{ id }}
          search={{ as: view === 'timeline' ? undefined : view }}
          // Without `as` it is the timeline, and nothing else of the address counts.
          activeOptions={{ includeSearch: true, explicitUndefined: true }}
          className="border-b-2 border-transparent px-3 py-2 text-sm font-medium whitespace-nowrap text-quiet hover:text-ink focus-visible:-outline-offset-2 aria-[current=page]:border-accent aria-[current=page]:text-ink"
        >
          {label}
        </Link>
      ))}
    </nav>
  )
}
