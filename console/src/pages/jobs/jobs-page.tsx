import { getRouteApi } from '@tanstack/react-router'
import { Play } from 'lucide-react'
import { type ReactElement, useCallback } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { useSelection } from '../../ui/use-selection.ts'
import { BulkActions } from './bulk-actions.tsx'
import { isJobKind, jobKinds, jobStatuses } from './job-words.ts'
import { JobsTable } from './jobs-table.tsx'
import { QueueStats } from './queue-stats.tsx'
import { StartDialog } from './start-dialog.tsx'

const route = getRouteApi('/app/jobs')

export function JobsPage(): ReactElement {
  const { status, kind, start, model } = route.useSearch()
  const navigate = route.useNavigate()
  const selection = useSelection()
  const jobs = useApiPages(['jobs', 'list', status, kind], (client, options) =>
    client.jobs.list({ ...options, status, kind }),
  )
  const open = useCallback(
    (what: 'prediction' | 'batch' | 'sample' | undefined) =>
      void navigate({ search: before => ({ ...before, start: what }), replace: what === undefined }),
    [navigate],
  )
  const isFiltered = status !== undefined || kind !== undefined

  return (
    <Page
      title="Jobs"
      about="Work in the background that survives the end of its process."
      actions={
        <>
          <CopyAsCurl call={jobs.call} />
          <Button onClick={() => open('sample')}>Start the sample batch</Button>
          <Button look="primary" icon={<Play className="size-4" />} onClick={() => open('prediction')}>
            Start a job
          </Button>
        </>
      }
    >
      <QueueStats />
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <SelectField
          label="State"
          value={status ?? ''}
          onChange={({ target }) =>
            void navigate({
              search: before => ({ ...before, status: jobStatuses.find(one => one === target.value) }),
              replace: true,
            })
          }
        >
          <option value="">All states</option>
          {jobStatuses.map(one => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
        <SelectField
          label="Kind"
          value={kind ?? ''}
          onChange={({ target }) =>
            void navigate({
              search: before => ({ ...before, kind: isJobKind(target.value) ? target.value : undefined }),
              replace: true,
            })
          }
        >
          <option value="">All kinds</option>
          {Object.keys(jobKinds).map(one => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
        {isFiltered && (
          <Button look="quiet" onClick={() => void navigate({ search: {}, replace: true })}>
            Clear the filter
          </Button>
        )}
      </div>
      {jobs.error && <ProblemNotice error={jobs.error} retry={jobs.refetch} />}
      {jobs.isPending && <Waiting what="the jobs" />}
      {!jobs.isPending && jobs.items.length === 0 && !jobs.error && (
        <Empty
          title={isFiltered ? 'No job is like that' : 'No jobs yet'}
          actions={
            isFiltered ? (
              <Button onClick={() => void navigate({ search: {}, replace: true })}>Clear the filter</Button>
            ) : (
              <Button look="primary" onClick={() => open('sample')}>
                Start the sample batch
              </Button>
            )
          }
        >
          {isFiltered
            ? 'There are jobs in other states or of other kinds, perhaps.'
            : 'A job is work in the background that survives the end of its process. Start the sample batch, watch it, kill the server, and see it go on.'}
        </Empty>
      )}
      {jobs.items.length > 0 && (
        <>
          <BulkActions jobs={jobs.items} selection={selection} />
          <JobsTable jobs={jobs} selection={selection} />
        </>
      )}
      {start !== undefined && (
        <StartDialog what={start} modelId={model} onChoose={open} onClose={() => open(undefined)} />
      )}
    </Page>
  )
}
