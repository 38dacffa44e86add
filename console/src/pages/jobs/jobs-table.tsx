import type { Job } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import type { ApiPages } from '../../app/use-api.ts'
import { shortId } from '../../ui/format.ts'
import { ApiState } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import type { Selection } from '../../ui/use-selection.ts'
import { UserName } from '../../ui/user-name.tsx'
import { JobProgress } from './job-progress.tsx'
import { attemptInWords, takeoversInWords } from './job-words.ts'
import { ModelName } from './model-name.tsx'

export function JobsTable({ jobs, selection }: { jobs: ApiPages<Job>; selection: Selection }): ReactElement {
  const isAdmin = useIsAdmin()
  const columns = useMemo(() => columnsFor(isAdmin, selection), [isAdmin, selection])
  return (
    <Table
      label="Jobs"
      columns={columns}
      rows={jobs.items}
      keyOf={job => job.id}
      hasMore={jobs.hasMore}
      isLoadingMore={jobs.isLoadingMore}
      onMore={jobs.loadMore}
    />
  )
}

function columnsFor(isAdmin: boolean, selection: Selection): Column<Job>[] {
  const owner: Column<Job>[] = isAdmin
    ? [{ title: 'Owner', width: 'minmax(5rem,8rem)', cell: job => <UserName id={job.owner_id} /> }]
    : []
  return [
    {
      title: 'Select',
      width: '3rem',
      cell: job => (
        <input
          type="checkbox"
          aria-label={`Select job ${job.id}`}
          className="size-4 align-middle accent-accent"
          checked={selection.has(job.id)}
          onChange={() => selection.toggle(job.id)}
        />
      ),
    },
    {
      title: 'Job',
      width: 'minmax(8rem,11rem)',
      cell: job => (
        <Link to="/jobs/$id" params={{ id: job.id }} className={rowLink}>
          {job.kind} <code className="font-mono text-[13px] font-normal text-quiet">{shortId(job.id)}</code>
        </Link>
      ),
    },
    {
      title: 'State',
      width: '7rem',
      cell: job => <ApiState state={job.status} reason={job.error?.detail} />,
    },
    {
      title: 'Model',
      width: 'minmax(5rem,9rem)',
      cell: job =>
        job.model_id === null ? <span className="text-quiet">none</span> : <ModelName id={job.model_id} />,
    },
    { title: 'Progress', width: 'minmax(10rem,2fr)', cell: job => <How job={job} /> },
    { title: 'Attempt', width: '6rem', cell: job => <Attempt job={job} /> },
    { title: 'Priority', width: '4.5rem', numeric: true, cell: job => job.priority },
    { title: 'Age', width: '6.5rem', cell: job => <Ago at={job.created_at} /> },
    ...owner,
  ]
}

function How({ job }: { job: Job }): ReactElement {
  if (job.error !== null && job.status !== 'done')
    return (
      <span className={job.status === 'failed' ? 'text-bad' : 'text-warn'} title={job.error.detail}>
        {job.error.detail}
      </span>
    )
  return job.progress ? <JobProgress job={job} /> : <span className="text-quiet">no steps counted</span>
}

function Attempt({ job }: { job: Job }): ReactElement {
  const takeovers = takeoversInWords(job.takeovers)
  return (
    <span title={takeovers}>
      {job.attempt === 0 ? (
        <span className="text-quiet">not yet</span>
      ) : (
        attemptInWords(job).replace('up to ', '')
      )}
      {takeovers !== undefined && <span className="block text-xs text-warn">taken up again</span>}
    </span>
  )
}
