import type { RecentFailure } from '@roundhouse/sdk'
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Card } from '../../ui/page.tsx'
import { State } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'

const addresses: Record<RecentFailure['kind'], (id: string) => LinkProps> = {
  job: id => ({ to: '/jobs/$id', params: { id } }),
  run: id => ({ to: '/runs/$id', params: { id } }),
  model: id => ({ to: '/models/$id', params: { id } }),
}

/** What went wrong last: what, why, when, and by which request. */
export function FailuresCard({ failures }: { failures: readonly RecentFailure[] }): ReactElement {
  return (
    <Card className="min-w-0">
      <h2 className="mb-3 text-[15px] font-semibold">Last failures</h2>
      {failures.length === 0 ? (
        <div className="flex flex-col items-start gap-2 text-sm text-quiet">
          <State tone="good">none in 24 hours</State>
          <p>Jobs, runs and models that fail are listed here with their reason.</p>
        </div>
      ) : (
        <ul className="-mx-2 divide-y divide-line/60">
          {failures.map(failure => (
            <li key={`${failure.kind} ${failure.id}`} className="px-2 py-2.5 first:pt-0 last:pb-0">
              <div className="flex items-baseline justify-between gap-3 text-sm">
                <span className="min-w-0 truncate">
                  <span className="text-quiet">{failure.kind}</span>{' '}
                  <Link
                    {...addresses[failure.kind](failure.id)}
                    className="font-medium underline-offset-2 hover:underline"
                  >
                    {failure.name}
                  </Link>
                </span>
                <span className="text-[13px] text-quiet">
                  <Ago at={failure.at} never="now" />
                </span>
              </div>
              <p className="mt-0.5 line-clamp-2 text-[13px] text-bad [overflow-wrap:anywhere]">
                {failure.reason}
              </p>
              {failure.request_id !== null && (
                <Link
                  to="/requests/$id"
                  params={{ id: failure.request_id }}
                  className="text-[13px] text-quiet underline-offset-2 hover:text-ink hover:underline"
                >
                  The whole story of its request
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
