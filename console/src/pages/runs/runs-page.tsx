import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useCallback } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi, useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { shortId } from '../../ui/format.ts'
import { Empty, Page } from '../../ui/page.tsx'
import { RunList } from './run-list.tsx'
import { StatusFilter } from './status-filter.tsx'

const route = getRouteApi('/app/runs')

export function RunsPage(): ReactElement {
  const { status, agent } = route.useSearch()
  const navigate = useNavigate({ from: '/runs' })
  const isAdmin = useIsAdmin()
  const agents = useApi(['agents', 'names'], (client, options) =>
    client.agents.list({ ...options, limit: 100 }),
  )
  const known = agents.data?.data ?? []
  const runs = useApiPages(['runs', 'list', { status, agent }], (client, options) =>
    client.runs.list({
      ...options,
      ...(status && { status }),
      ...(agent !== undefined && { agent_id: agent }),
    }),
  )
  const clear = useCallback(() => void navigate({ search: {}, replace: true }), [navigate])
  return (
    <Page
      title="Runs"
      about={
        isAdmin
          ? 'Every answer of an agent, of everyone, newest first.'
          : 'Every answer that an agent gave you, newest first.'
      }
      actions={<CopyAsCurl call={runs.call} />}
    >
      <div className="mb-4 flex flex-wrap gap-3">
        <StatusFilter
          value={status}
          onChange={next => void navigate({ search: before => ({ ...before, status: next }), replace: true })}
        />
        <div className="w-56">
          <SelectField
            label="Agent"
            hideLabel
            value={agent ?? ''}
            onChange={event =>
              void navigate({
                search: before => ({ ...before, agent: event.target.value || undefined }),
                replace: true,
              })
            }
          >
            <option value="">All agents</option>
            {agent !== undefined && !known.some(one => one.id === agent) && (
              <option value={agent}>Agent {shortId(agent)}</option>
            )}
            {known.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </SelectField>
        </div>
      </div>
      <RunList
        runs={runs}
        isFiltered={status !== undefined || agent !== undefined}
        onClear={clear}
        empty={
          <Empty
            title="No agent has answered yet"
            actions={
              <Button look="primary" onClick={() => void navigate({ to: '/agents' })}>
                Go to the agents
              </Button>
            }
          >
            A run is one answer of an agent: what it asked of models and tools, how long each took and what it
            cost. Ask an agent something, and it is here.
          </Empty>
        }
      />
    </Page>
  )
}
