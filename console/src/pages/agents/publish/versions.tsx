import type { Agent, AgentVersion } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useMe } from '../../../app/me.ts'
import { useApiPages } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Identifier } from '../../../ui/copy.tsx'
import { CopyAsCurl } from '../../../ui/copy-as-curl.tsx'
import { Empty, Section, Waiting } from '../../../ui/page.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { State } from '../../../ui/state.tsx'
import { type Column, Table } from '../../../ui/table.tsx'
import { Ago } from '../../../ui/time.tsx'
import { VersionDialog } from './version-dialog.tsx'

const route = getRouteApi('/app/agents/$id/publish')

/** What was published so far; each of them can answer again. */
export function Versions({ agent }: { agent: Agent }): ReactElement {
  const { version: open } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const versions = useApiPages(['agents', agent.id, 'versions'], (client, options) =>
    client.agents.versions(agent.id, options),
  )
  const show = (version: number | undefined) =>
    void navigate({
      search: ({ version: _before, ...rest }) => (version === undefined ? rest : { ...rest, version }),
    })
  const columns: Column<AgentVersion>[] = [
    {
      title: 'Version',
      width: '6rem',
      cell: row => <span className="font-medium tabular">{row.version}</span>,
    },
    {
      title: 'State',
      width: '8rem',
      cell: row =>
        row.is_published ? <State tone="good">live</State> : <span className="text-quiet">stored</span>,
    },
    { title: 'Model', width: 'minmax(8rem,1fr)', cell: row => row.config.model },
    { title: 'Tools', width: '5rem', numeric: true, cell: row => row.config.tools.length },
    { title: 'Price', width: '7rem', numeric: true, cell: row => row.config.price },
    {
      title: 'Made by',
      width: '9rem',
      cell: row => {
        if (row.created_by === null) return <span className="text-quiet">this server</span>
        return row.created_by === me.id ? 'you' : <Identifier value={row.created_by} label="user id" short />
      },
    },
    { title: 'Made', width: '8rem', cell: row => <Ago at={row.created_at} /> },
    {
      title: 'Roll back',
      width: '7.5rem',
      cell: row => (
        <Button
          size="small"
          onClick={() => show(row.version)}
          aria-label={
            row.is_published ? `Show version ${row.version}` : `Compare… version ${row.version} and roll back`
          }
        >
          {row.is_published ? 'Show' : 'Compare…'}
        </Button>
      ),
    },
  ]
  const opened = versions.items.find(one => one.version === open)
  return (
    <Section
      title="Versions"
      about="Each is a whole configuration that never changes. Rolling back moves what answers, and leaves the draft as it is."
      actions={<CopyAsCurl call={versions.call} />}
    >
      {versions.error && <ProblemNotice error={versions.error} retry={versions.refetch} />}
      {versions.isPending && <Waiting what="the versions" />}
      {!versions.isPending && !versions.error && versions.items.length === 0 && (
        <Empty title="No versions yet">The first one is made when you publish the draft.</Empty>
      )}
      {versions.items.length > 0 && (
        <Table
          label="Versions"
          columns={columns}
          rows={versions.items}
          keyOf={row => String(row.version)}
          hasMore={versions.hasMore}
          isLoadingMore={versions.isLoadingMore}
          onMore={versions.loadMore}
        />
      )}
      {opened && <VersionDialog agent={agent} version={opened} onClose={() => show(undefined)} />}
    </Section>
  )
}
