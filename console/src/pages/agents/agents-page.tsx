import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { type ReactElement, useCallback } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { AgentsTable } from './agents-table.tsx'
import { NewAgent } from './new-agent.tsx'

const route = getRouteApi('/app/agents')

export function AgentsPage(): ReactElement {
  const { q = '', new: isNew } = route.useSearch()
  const navigate = useNavigate({ from: '/agents' })
  const agents = useApiPages(['agents', 'list'], (client, options) =>
    client.agents.list({ ...options, limit: 100 }),
  )
  const search = useCallback(
    (text: string) =>
      void navigate({ search: before => ({ ...before, q: text || undefined }), replace: true }),
    [navigate],
  )
  const begin = () => void navigate({ search: before => ({ ...before, new: true as const }) })
  const wanted = q.toLowerCase()
  const found = agents.items.filter(({ name, slug, description }) =>
    `${name}\n${slug}\n${description ?? ''}`.toLowerCase().includes(wanted),
  )
  const action = (
    <Button look="primary" icon={<Plus className="size-4" />} onClick={begin}>
      New agent
    </Button>
  )
  return (
    <Page
      title="Agents"
      about="A prompt, a model and tools, tried as a draft and published as versions."
      actions={
        <>
          <CopyAsCurl call={agents.call} />
          {action}
        </>
      }
    >
      {agents.error && agents.items.length === 0 && (
        <ProblemNotice error={agents.error} retry={agents.refetch} />
      )}
      {agents.isPending && <Waiting what="agents" />}
      {!agents.isPending && !agents.error && agents.items.length === 0 && (
        <Empty title="No agents yet" actions={action}>
          An agent answers people and programs: on a page of its own, in a widget on your site, by OpenAI’s
          API and by MCP. Begin with a template; it answers at once, without a key, by the demo model.
        </Empty>
      )}
      {agents.items.length > 0 && (
        <>
          <div className="mb-4 flex">
            <SearchField label="Search agents" value={q} onChange={search} />
          </div>
          {found.length > 0 ? (
            <AgentsTable agents={found} pages={agents} />
          ) : (
            <Empty
              title={`No agent is called like “${q}”`}
              actions={<Button onClick={() => search('')}>Clear the search</Button>}
            >
              The name, the slug and the description are searched
              {agents.hasMore ? ' of those loaded so far' : ''}.
            </Empty>
          )}
        </>
      )}
      {isNew && (
        <NewAgent
          onClose={() => void navigate({ search: ({ new: _, ...before }) => before, replace: true })}
        />
      )}
    </Page>
  )
}
