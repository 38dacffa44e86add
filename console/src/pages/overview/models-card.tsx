import type { AdminOverview } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { buttonLook } from '../../ui/button.tsx'
import { duration } from '../../ui/format.ts'
import { Card } from '../../ui/page.tsx'
import { ApiState } from '../../ui/state.tsx'

const mostShown = 10

/** Which models are in memory, and how long each took to get there. */
export function ModelsCard({ models }: { models: AdminOverview['models'] }): ReactElement {
  const loaded = models.filter(({ state }) => state === 'ready').length
  return (
    <Card className="min-w-0">
      <div className="mb-3 flex items-baseline justify-between gap-3">
        <h2 className="text-[15px] font-semibold">Models</h2>
        <span className="text-[13px] text-quiet">
          {loaded} of {models.length} in memory
        </span>
      </div>
      {models.length === 0 ? (
        <div className="flex flex-col items-start gap-3 text-sm text-quiet">
          <p>No model is ready yet.</p>
          <Link to="/models" search={{ upload: true }} className={buttonLook('plain', 'small')}>
            Upload a model
          </Link>
        </div>
      ) : (
        <ul className="-mx-2 divide-y divide-line/60">
          {models.slice(0, mostShown).map(({ id, name, version, state, load_ms }) => (
            <li key={id} className="flex items-center gap-3 px-2 py-2 text-sm first:pt-0 last:pb-0">
              <Link
                to="/models/$id"
                params={{ id }}
                className="min-w-0 flex-1 truncate font-medium underline-offset-2 hover:underline"
              >
                {name}
                <span className="font-normal text-quiet">@{version}</span>
              </Link>
              {load_ms !== null && (
                <span className="text-[13px] whitespace-nowrap text-quiet tabular">
                  loaded in {duration(load_ms)}
                </span>
              )}
              <ApiState state={state} />
            </li>
          ))}
        </ul>
      )}
      {models.length > mostShown && (
        <Link
          to="/models"
          className="mt-3 inline-block text-[13px] text-quiet hover:text-ink hover:underline"
        >
          All {models.length} models
        </Link>
      )}
    </Card>
  )
}
