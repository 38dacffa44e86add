import type { LogLine } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { classes } from '../../ui/class-names.ts'
import { duration } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { LevelMark } from './level-mark.tsx'
import { gistOf, lineTime } from './log-words.ts'

const columns: readonly Column<LogLine>[] = [
  {
    title: 'Time',
    width: '8rem',
    cell: ({ at }) => {
      const { day, time } = lineTime(at, new Date())
      return (
        <time dateTime={at} className="font-mono text-[13px] tabular" title={at}>
          {[day, time].filter(Boolean).join(' ')}
        </time>
      )
    },
  },
  { title: 'Level', width: '5.5rem', cell: ({ level }) => <LevelMark level={level} /> },
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

const askAgainMs = 5000

/** What was logged on the way of one request, newest first. Lines are written a moment behind what they tell of. */
export function RequestLogs({ requestId }: { requestId: string }): ReactElement {
  const { data, error, refetch } = useApi(
    ['logs', 'request', requestId],
    (client, options) => client.logs.list({ request_id: requestId, limit: 100, ...options }),
    { refetchInterval: askAgainMs },
  )
  if (error && !data) return <ProblemNotice error={error} retry={() => void refetch()} />
  if (!data) return <Waiting what="the log lines" />
  if (data.data.length === 0)
    return (
      <Notice tone="none">
        No line is kept: lines go after some days, and under load not all of them are kept.
      </Notice>
    )
  return (
    <>
      <Table label="Log lines" columns={columns} rows={data.data} keyOf={({ id }) => String(id)} />
      {data.next_cursor !== null && (
        <p className="mt-2 text-sm">
          <Link to="/logs" search={{ q: `request:${requestId}` }} className="underline">
            Older lines of this request
          </Link>
        </p>
      )}
    </>
  )
}
