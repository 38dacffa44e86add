import type { TaskRun } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { count, duration } from '../../ui/format.ts'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { ApiState } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago, Moment } from '../../ui/time.tsx'
import { causes, tookMs } from './schedule-words.ts'

const columns: readonly Column<TaskRun>[] = [
  {
    title: 'Run',
    width: '8rem',
    cell: run => (
      <Link to="/jobs/$id" params={{ id: run.job_id }} className={rowLink}>
        <Ago at={run.created_at} />
      </Link>
    ),
  },
  { title: 'State', width: '7rem', cell: run => <ApiState state={run.status} reason={run.error?.detail} /> },
  { title: 'Cause', width: '9rem', cell: run => causes[run.cause] },
  {
    title: 'Tick',
    width: 'minmax(8rem,15rem)',
    cell: run => (run.tick === null ? <span className="text-quiet">none</span> : <Moment at={run.tick} />),
  },
  { title: 'Took', width: '6rem', numeric: true, cell: run => took(run) },
  { title: 'Rows read', width: '6rem', numeric: true, cell: run => count(run.rows_read) },
  { title: 'Rows written', width: '6.5rem', numeric: true, cell: run => count(run.rows_written) },
  {
    title: 'Error, or input',
    width: 'minmax(8rem,2fr)',
    cell: run =>
      run.error ? (
        <span className="text-bad" title={run.error.detail}>
          {run.error.detail}
        </span>
      ) : (
        <Given input={run.input} />
      ),
  },
]

export function TaskRuns({ name }: { name: string }): ReactElement {
  const runs = useApiPages(['tasks', name, 'runs'], (client, options) =>
    client.tasks.runs.list(name, options),
  )
  if (runs.error) return <ProblemNotice error={runs.error} retry={runs.refetch} />
  if (runs.isPending) return <Waiting what="the runs" />
  if (runs.items.length === 0)
    return (
      <Empty title="It has not run yet">
        Its schedule will begin it, or run it now. Each run is kept here for 400 days, with its rows and its
        error.
      </Empty>
    )
  return (
    <Table
      label="Runs"
      columns={columns}
      rows={runs.items}
      keyOf={run => run.id}
      hasMore={runs.hasMore}
      isLoadingMore={runs.isLoadingMore}
      onMore={runs.loadMore}
    />
  )
}

function took(run: TaskRun): string {
  const milliseconds = tookMs(run)
  return milliseconds === undefined ? 'not ended' : duration(milliseconds)
}

function Given({ input }: { input: TaskRun['input'] }): ReactElement {
  const text = JSON.stringify(input)
  return text === '{}' ? (
    <span className="text-quiet">none</span>
  ) : (
    <code className="font-mono text-[13px]">{text}</code>
  )
}
