import type { ReactElement, ReactNode } from 'react'
import { Card } from '../../../ui/page.tsx'

/** One way in which a published agent is reached. */
export function WayCard({
  title,
  about,
  icon,
  actions,
  children,
}: {
  title: string
  about: ReactNode
  icon: ReactNode
  actions?: ReactNode
  children: ReactNode
}): ReactElement {
  return (
    <Card>
      <section aria-label={title} className="grid grid-cols-1 gap-3">
        <div className="flex flex-wrap items-start justify-between gap-2">
          <h2 className="flex items-center gap-2 text-[15px] font-semibold">
            {icon}
            {title}
          </h2>
          {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
        <p className="text-sm text-quiet">{about}</p>
        {children}
      </section>
    </Card>
  )
}
