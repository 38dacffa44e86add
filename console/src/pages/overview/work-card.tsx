import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { Card } from '../../ui/page.tsx'
import { ApiState } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'

type Item = { id: string; link: LinkProps; label: string; state: string; reason: string | null; at: string }

/** The last of some work, newest first. */
export function WorkCard({
  title,
  empty,
  items,
  all,
}: {
  title: string
  empty: string
  items: readonly Item[]
  all: ReactNode
}): ReactElement {
  return (
    <Card className="min-w-0">
      <div className="mb-3 flex items-baseline justify-between gap-3">
        <h2 className="text-[15px] font-semibold">{title}</h2>
        <span className="text-[13px] text-quiet underline-offset-2 hover:text-ink hover:underline">
          {all}
        </span>
      </div>
      {items.length === 0 ? (
        <p className="text-sm text-quiet">{empty}</p>
      ) : (
        <ul className="-mx-2 divide-y divide-line/60">
          {items.map(({ id, link, label, state, reason, at }) => (
            <li key={id} className="px-2 py-2 text-sm first:pt-0 last:pb-0">
              <div className="flex items-center gap-3">
                <Link {...link} className="min-w-0 flex-1 truncate underline-offset-2 hover:underline">
                  {label}
                </Link>
                <span className="text-[13px] text-quiet">
                  <Ago at={at} />
                </span>
                <ApiState state={state} reason={reason} />
              </div>
              {reason !== null && state === 'failed' && (
                <p className="mt-0.5 line-clamp-2 text-[13px] text-bad [overflow-wrap:anywhere]">{reason}</p>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
