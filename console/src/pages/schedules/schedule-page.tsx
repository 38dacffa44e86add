import type { Task } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi } from '../../app/use-api.ts'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Card, Empty, Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { ApiState, State } from '../../ui/state.tsx'
import { Ago, Moment } from '../../ui/time.tsx'
import { useCronWords } from './cron-words.ts'
import { RunNow } from './run-now.tsx'
import { ownZone } from './schedule-words.ts'
import { OnlyAdministrators } from './schedules-page.tsx'
import { TaskActions } from './task-actions.tsx'
import { TaskRuns } from './task-runs.tsx'

const route = getRouteApi('/app/schedules/$name')
const crumbs = [{ label: 'Schedules', link: { to: '/schedules' } }] as const

export function SchedulePage(): ReactElement {
  const { name } = route.useParams()
  const { run } = route.useSearch()
  const navigate = route.useNavigate()
  const isAdmin = useIsAdmin()
  const tasks = useApi(['tasks'], (client, options) => client.tasks.list(options), { enabled: isAdmin })
  const task = tasks.data?.find(one => one.name === name)
  if (!isAdmin || !task)
    return (
      <Page title={name} crumbs={crumbs}>
        {!isAdmin && <OnlyAdministrators />}
        {tasks.error && <ProblemNotice error={tasks.error} retry={() => void tasks.refetch()} />}
        {isAdmin && tasks.isPending && <Waiting what="the task" />}
        {tasks.data && (
          <Empty title="There is no such task">
            No task of this server is called {name}. Was it taken out of{' '}
            <code className="font-mono">roundhouse.config.ts</code>?
          </Empty>
        )}
      </Page>
    )
  return (
    <Page
      title={task.name}
      about={task.description ?? undefined}
      crumbs={crumbs}
      facts={
        <>
          {task.paused && <State tone="warn">paused</State>}
          {task.last_run && <ApiState state={task.last_run.status} reason={task.last_run.error?.detail} />}
        </>
      }
      actions={
        <>
          <CopyAsCurl call={tasks.call} />
          <TaskActions task={task} />
        </>
      }
    >
      <div className="mb-8 grid items-start gap-6 lg:grid-cols-2">
        <Card>
          <When task={task} />
        </Card>
        <Card>
          <Next task={task} />
        </Card>
      </div>
      <Section title="Runs">
        <TaskRuns name={name} />
      </Section>
      {run && (
        <RunNow
          task={task}
          onClose={() => void navigate({ search: before => ({ ...before, run: undefined }), replace: true })}
        />
      )}
    </Page>
  )
}

function When({ task }: { task: Task }): ReactElement {
  const words = useCronWords(task.schedule)
  return (
    <Facts
      facts={[
        ['When', words],
        [
          'Expression',
          task.schedule === null ? (
            'none'
          ) : (
            <code key="cron" className="font-mono">
              {task.schedule}
            </code>
          ),
        ],
        ['Its time zone', task.timezone],
        ['Ticks passed over', <PassedOver key="passed" ticks={task.ticks_passed_over} />],
        ['Last run', <Ago key="last" at={task.last_run?.created_at} />],
      ]}
    />
  )
}

function PassedOver({ ticks }: { ticks: number }): ReactElement {
  return ticks === 0 ? <>none</> : <>{ticks}: the run before had not ended</>
}

function Next({ task }: { task: Task }): ReactElement {
  return (
    <>
      <h2 className="text-sm font-semibold">Next runs</h2>
      <p className="mb-2 text-[13px] text-quiet">In your time zone, {ownZone()}</p>
      {task.next_runs.length === 0 ? (
        <p className="text-sm text-quiet">
          {task.paused ? 'None while it is paused.' : 'None by itself: it runs when it is told to.'}
        </p>
      ) : (
        <ol className="grid gap-1 text-sm">
          {task.next_runs.map(at => (
            <li key={at} className="flex flex-wrap justify-between gap-x-4">
              <Moment at={at} />
              <span className="text-quiet">
                <Ago at={at} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}
