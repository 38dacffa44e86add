import type { Job } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CopyButton } from '../../ui/copy.tsx'
import { Facts } from '../../ui/page.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { attemptInWords, isJobKind, jobKinds } from './job-words.ts'
import { ModelName } from './model-name.tsx'

export function JobFacts({ job }: { job: Job }): ReactElement {
  return (
    <Facts
      facts={[
        ['Kind', isJobKind(job.kind) ? `${job.kind}: ${lowered(jobKinds[job.kind])}` : job.kind],
        ['Model', job.model_id === null ? 'none' : <ModelName key="model" id={job.model_id} />],
        ['Owner', <UserName key="owner" id={job.owner_id} />],
        ['Attempt', attemptInWords(job)],
        ['Lost processes', job.takeovers === 0 ? 'none' : String(job.takeovers)],
        ['Priority', String(job.priority)],
        [
          'Request',
          job.request_id === null ? (
            'none: the server began it'
          ) : (
            <RequestLink key="request" id={job.request_id} />
          ),
        ],
      ]}
    />
  )
}

/** To all that happened for the request that asked for the job. */
function RequestLink({ id }: { id: string }): ReactElement {
  return (
    <span className="inline-flex max-w-full items-center">
      <Link
        to="/requests/$id"
        params={{ id }}
        className="truncate font-mono text-[13px] underline underline-offset-2"
      >
        {id}
      </Link>
      <CopyButton text={id} label="request id" />
    </span>
  )
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
