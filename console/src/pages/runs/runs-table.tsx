import type { Run } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { type ApiPages, useApi } from '../../app/use-api.ts'
import { count, duration, shortId } from '../../ui/format.ts'
import { ApiState } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { places, tookMs, whyItEnded } from './run-words.ts'

/** Runs, each by what it came to. */
export function RunsTable({
  runs,
  withAgent = true,
}: {
  runs: ApiPages<Run>
  withAgent?: boolean
}): ReactElement {
  const agents = useApi(
    ['agents', 'names'],
    (client, options) => client.agents.list({ ...options, limit: 100 }),
    { enabled: withAgent },
  )
  const names = new Map(agents.data?.data.map(({ id, name }) => [id, name]))
  const agent: Column<Run> = {
    title: 'Agent',
    width: 'minmax(6rem,1fr)',
    cell: run => (
      <Link to="/agents/$id" params={{ id: run.agent_id }} className="hover:underline">
        {names.get(run.agent_id) ?? shortId(run.agent_id)}
      </Link>
    ),
  }
  return (
    <Table
      label="Runs"
      columns={withAgent ? [...columns.slice(0, 2), agent, ...columns.slice(2)] : columns}
      rows={runs.items}
      keyOf={run => run.id}
      hasMore={runs.hasMore}
      isLoadingMore={runs.isLoadingMore}
      onMore={runs.loadMore}
    />
  )
}

const columns: readonly Column<Run>[] = [
  {
    title: 'Answer',
    width: 'minmax(12rem,3fr)',
    cell: run => (
      <Link to="/runs/$id" params={{ id: run.id }} className={rowLink} title={run.id}>
        {summary(run)}
      </Link>
    ),
  },
  { title: 'State', width: '6.5rem', cell: run => <ApiState state={run.status} reason={whyItEnded(run)} /> },
  { title: 'Started', width: '6rem', cell: run => <Ago at={run.created_at} /> },
  {
    title: 'Took',
    width: '4.5rem',
    numeric: true,
    cell: run => {
      const ms = tookMs(run, Date.now())
      return ms === undefined ? '–' : duration(ms)
    },
  },
  {
    title: 'Tokens',
    width: '4rem',
    numeric: true,
    cell: run => count(run.usage.input_tokens + run.usage.output_tokens),
  },
  { title: 'Credits', width: '4rem', numeric: true, cell: run => count(run.credits) },
  {
    title: 'Class',
    width: '5.5rem',
    cell: run => (
      <span title={places[run.mode].about}>
        {places[run.mode].word}
        {run.attempt > 1 && <span className="text-warn"> · {run.attempt} attempts</span>}
      </span>
    ),
  },
  {
    title: 'Request',
    width: '6rem',
    cell: run =>
      run.request_id === null ? (
        <span className="text-quiet">none</span>
      ) : (
        <Link
          to="/requests/$id"
          params={{ id: run.request_id }}
          title={run.request_id}
          className="font-mono text-[13px] text-quiet hover:underline"
        >
          {shortId(run.request_id)}
        </Link>
      ),
  },
]

function summary(run: Run): string {
  const text = (run.output ?? '').replaceAll(/\s+/g, ' ').trim()
  if (text !== '') return text.slice(0, 160)
  return whyItEnded(run) ?? (run.finished_at === null ? 'No answer yet' : 'Empty answer')
}
