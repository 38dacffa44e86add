import type { KnowledgeDocument } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApi } from '../../app/use-api.ts'
import { count } from '../../ui/format.ts'
import { Progress } from '../../ui/progress.tsx'
import { ApiState } from '../../ui/state.tsx'

/** Whether a document is found, how far its indexing is, and why it failed. */
export function DocumentState({ document }: { document: KnowledgeDocument }): ReactElement {
  const { status, error, job_id } = document
  if (status === 'failed')
    return (
      <span className="grid gap-0.5 whitespace-normal">
        <span>
          <ApiState state="failed" />
        </span>
        <span className="text-[13px] text-bad [overflow-wrap:anywhere]">
          {error?.detail ?? 'No reason was given.'}
        </span>
      </span>
    )
  if (status === 'ready')
    return (
      <span>
        <ApiState state="ready" />
      </span>
    )
  return (
    <span className="grid gap-1.5">
      <span>
        <ApiState state={status} />
      </span>
      {job_id !== null && <JobProgress id={job_id} name={document.name} />}
    </span>
  )
}

/** Of the job that indexes it, which the owner of the collection sees. */
function JobProgress({ id, name }: { id: string; name: string }): ReactElement | null {
  const { data } = useApi(['jobs', id], (client, options) => client.jobs.get(id, options))
  if (!data) return null
  const { progress } = data
  return (
    <span className="grid gap-1">
      <Progress label={`Indexing of ${name}`} done={progress?.done ?? 0} total={progress?.total ?? null} />
      {progress && (
        <span className="text-[13px] text-quiet tabular">
          {count(progress.done)}
          {progress.total !== null && ` of ${count(progress.total)}`} {progress.unit}
        </span>
      )}
    </span>
  )
}
