import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useCallback } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty } from '../../ui/page.tsx'
import { RunList } from '../runs/run-list.tsx'
import { StatusFilter } from '../runs/status-filter.tsx'

const route = getRouteApi('/app/agents/$id/runs')

export function RunsTab(): ReactElement {
  const { id } = route.useParams()
  const { status } = route.useSearch()
  const navigate = useNavigate({ from: '/agents/$id/runs' })
  const runs = useApiPages(['runs', 'list', { agent: id, status }], (client, options) =>
    client.runs.list({ ...options, agent_id: id, ...(status && { status }) }),
  )
  const clear = useCallback(() => void navigate({ search: {}, replace: true }), [navigate])
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <StatusFilter
          value={status}
          onChange={next => void navigate({ search: next ? { status: next } : {}, replace: true })}
        />
        <CopyAsCurl call={runs.call} />
      </div>
      <RunList
        runs={runs}
        withAgent={false}
        isFiltered={status !== undefined}
        onClear={clear}
        empty={
          <Empty
            title="Nobody has asked this agent yet"
            actions={
              <Button look="primary" onClick={() => void navigate({ to: '/agents/$id', params: { id } })}>
                Ask it something
              </Button>
            }
          >
            Each answer is a run: what it asked of models and tools, how long each took and what it cost.
          </Empty>
        }
      />
    </>
  )
}
