import type { LogLine } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { classes } from '../../ui/class-names.ts'
import { duration } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { gistOf, levels, lineTime } from './log-words.ts'

const columns: readonly Column<LogLine>[] = [
  {
    title: 'Time',
    width: '8rem',
    cell: ({ at }) => {
      const { day, time } = lineTime(at, new Date())
      return (
        <time
          dateTime={at}
          className="font-mono text-[13px] tabular"
          title={at}
        >{`${day ?? ''} ${time}`}</time>
      )
    },
  },
  { title: 'Level', width: '5.5rem', cell: line => <Level line={line} /> },
  {
    title: 'Event',
    width: 'minmax(9rem,1fr)',
    cell: line => (
      <Link
        to="/logs"
        search={{ q: `request:${line.request_id}`, open: String(line.id) }}
        className={classes(rowLink, 'font-mono text-[13px]')}
      >
        {line.event}
      </Link>
    ),
  },
  {
    title: 'What',
    width: 'minmax(12rem,3fr)',
    cell: line => {
      const { main, rest } = gistOf(line)
      return <span className="font-mono text-[13px]" title={`${main} ${rest}`}>{`${main} ${rest}`}</span>
    },
  },
  {
    title: 'Took',
    width: '5.5rem',
    numeric: true,
    cell: ({ duration_ms }) => duration_ms !== null && duration(duration_ms),
  },
]

/** What was logged on the way of one request, newest first. `version` changes when there may be more. */
export function RequestLogs({ requestId, version }: { requestId: string; version: string }): ReactElement {
  const lines = useApiPages(['logs', 'request', requestId, version], (client, options) =>
    client.logs.list({ request_id: requestId, limit: 100, ...options }),
  )
  if (lines.error) return <ProblemNotice error={lines.error} retry={lines.refetch} />
  if (lines.isPending) return <Waiting what="the log lines" />
  if (lines.items.length === 0)
    return (
      <Notice tone="none">
        No line is kept: lines go after some days, and under load not all of them are kept.
      </Notice>
    )
  return (
    <Table
      label="Log lines"
      columns={columns}
      rows={lines.items}
      keyOf={({ id }) => String(id)}
      hasMore={lines.hasMore}
      isLoadingMore={lines.isLoadingMore}
      onMore={lines.loadMore}
    />
  )
}

function Level({ line }: { line: LogLine }): ReactElement {
  const { icon: Icon, colour } = levels[line.level]
  return (
    <span className={classes('inline-flex items-center gap-1', colour)}>
      <Icon aria-hidden="true" className="size-3.5" />
      {line.level}
    </span>
  )
}
