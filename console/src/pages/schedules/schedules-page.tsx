import type { Task } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { CodeBlock } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { duration } from '../../ui/format.ts'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { ApiState, State } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { useCronWords } from './cron-words.ts'
import { taskSnippet, tookMs } from './schedule-words.ts'
import { TaskActions } from './task-actions.tsx'

const about = 'Tasks of roundhouse.config.ts: work of your own, by schedule or when it is told to.'
/** The server's own. */
const builtIn = 'credits-renew'

export function SchedulesPage(): ReactElement {
  const isAdmin = useIsAdmin()
  const tasks = useApi(['tasks'], (client, options) => client.tasks.list(options), { enabled: isAdmin })
  const columns = useMemo(taskColumns, [])
  if (!isAdmin)
    return (
      <Page title="Schedules" about={about}>
        <OnlyAdministrators />
      </Page>
    )
  const hasOwn = tasks.data?.some(task => task.name !== builtIn)
  return (
    <Page title="Schedules" about={about} actions={<CopyAsCurl call={tasks.call} />}>
      {tasks.error && <ProblemNotice error={tasks.error} retry={() => void tasks.refetch()} />}
      {tasks.isPending && <Waiting what="the tasks" />}
      {tasks.data && tasks.data.length > 0 && (
        <div className="mb-8">
          <Table label="Tasks" columns={columns} rows={tasks.data} keyOf={task => task.name} />
        </div>
      )}
      {tasks.data && !hasOwn && (
        <Section
          title="A task of your own"
          about={
            <>
              Write it in <code className="font-mono">roundhouse.config.ts</code> beside the data folder and
              start the server again. Each run is a job: it survives whatever ends a process, and its steps
              are not done twice.
            </>
          }
        >
          <CodeBlock label="roundhouse.config.ts" code={taskSnippet} />
        </Section>
      )}
    </Page>
  )
}

export function OnlyAdministrators(): ReactElement {
  return (
    <Empty title="For administrators">
      Tasks run with the rights of the server itself, so only administrators see and run them. Ask one of
      them, or make a{' '}
      <Link to="/jobs" className="text-accent underline underline-offset-2">
        job
      </Link>{' '}
      of your own.
    </Empty>
  )
}

function taskColumns(): Column<Task>[] {
  return [
    {
      title: 'Task',
      width: 'minmax(9rem,1.4fr)',
      cell: task => (
        <>
          <Link to="/schedules/$name" params={{ name: task.name }} className={rowLink}>
            {task.name}
          </Link>
          {task.description !== null && (
            <span className="block text-[13px] whitespace-normal text-quiet">{task.description}</span>
          )}
        </>
      ),
    },
    { title: 'When', width: 'minmax(9rem,1.4fr)', cell: task => <When task={task} /> },
    {
      title: 'Next',
      width: '7rem',
      cell: task =>
        task.paused ? (
          <State tone="warn">paused</State>
        ) : (
          <Ago at={task.next_runs[0]} never="not by itself" />
        ),
    },
    { title: 'Last run', width: 'minmax(9rem,1fr)', cell: task => <LastRun task={task} /> },
    { title: 'Actions', width: '13rem', cell: task => <TaskActions task={task} /> },
  ]
}

function When({ task }: { task: Task }): ReactElement {
  const words = useCronWords(task.schedule)
  return (
    <>
      <span className="block truncate">{words}</span>
      {task.schedule !== null && (
        <span className="block truncate text-[13px] text-quiet">
          <code className="font-mono">{task.schedule}</code> in {task.timezone}
        </span>
      )}
    </>
  )
}

function LastRun({ task: { last_run: run } }: { task: Task }): ReactElement {
  if (!run) return <span className="text-quiet">never</span>
  const took = tookMs(run)
  return (
    <>
      <ApiState state={run.status} reason={run.error?.detail} /> <Ago at={run.created_at} />
      <span className="block truncate text-[13px] text-quiet" title={run.error?.detail}>
        {run.error ? run.error.detail : took === undefined ? 'not ended' : `took ${duration(took)}`}
      </span>
    </>
  )
}
