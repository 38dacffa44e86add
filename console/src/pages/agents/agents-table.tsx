import type { AgentView } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { type ApiPages, useApi } from '../../app/use-api.ts'
import { count, credits } from '../../ui/format.ts'
import { State } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { isOwn } from './build/draft.ts'

/** Agents, with what they did today where the caller may know: administrators may. */
export function AgentsTable({
  agents,
  pages,
}: {
  agents: readonly AgentView[]
  pages: ApiPages<AgentView>
}): ReactElement {
  const isAdmin = useIsAdmin()
  const from = new Date().toISOString().slice(0, 10)
  const usage = useApi(
    ['usage', 'agents', from],
    (client, options) => client.admin.usage({ ...options, by: 'agent', from }),
    { enabled: isAdmin },
  )
  const runs = new Map(usage.data?.data.map(row => [row.key, row.runs]))
  const today: Column<AgentView> = {
    title: 'Runs today',
    width: '6rem',
    numeric: true,
    cell: ({ id }) => (
      <Link to="/agents/$id/runs" params={{ id }} title="Since midnight UTC" className="hover:underline">
        {usage.data ? count(runs.get(id) ?? 0) : '–'}
      </Link>
    ),
  }
  return (
    <Table
      label="Agents"
      columns={isAdmin ? [...columns.slice(0, 3), today, ...columns.slice(3)] : columns}
      rows={agents}
      keyOf={({ id }) => id}
      hasMore={pages.hasMore}
      isLoadingMore={pages.isLoadingMore}
      onMore={pages.loadMore}
    />
  )
}

const columns: readonly Column<AgentView>[] = [
  {
    title: 'Agent',
    width: 'minmax(11rem,2fr)',
    cell: ({ id, name, slug, description }) => (
      <>
        <Link to="/agents/$id" params={{ id }} className={rowLink} title={description ?? undefined}>
          {name}
        </Link>
        <span className="ml-2 font-mono text-[13px] text-quiet">{slug}</span>
      </>
    ),
  },
  {
    title: 'State',
    width: '7.5rem',
    cell: ({ is_published: isPublished, published_version: version }) =>
      isPublished ? <State tone="good">live, v{version}</State> : <State tone="none">draft</State>,
  },
  {
    title: 'Model',
    width: 'minmax(7rem,1.2fr)',
    cell: agent =>
      isOwn(agent) ? (
        <span className="font-mono text-[13px]">
          {agent.railway_url ?? (agent.provider ? `${agent.provider}/${agent.model}` : agent.model)}
        </span>
      ) : (
        <span className="text-quiet">not told</span>
      ),
  },
  {
    title: 'Class',
    width: '5rem',
    cell: agent =>
      isOwn(agent) ? (
        agent.railway_url ? (
          'backend'
        ) : agent.is_heavy ? (
          'heavy'
        ) : (
          'light'
        )
      ) : (
        <span className="text-quiet">–</span>
      ),
  },
  {
    title: 'Price',
    width: '6rem',
    numeric: true,
    cell: ({ price }) => (price === 0 ? 'free' : credits(price)),
  },
  { title: 'Visibility', width: '6rem', cell: ({ visibility }) => visibility },
  { title: 'Changed', width: '6.5rem', cell: ({ updated_at }) => <Ago at={updated_at} /> },
]
