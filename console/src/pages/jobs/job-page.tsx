import { getRouteApi } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Card, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { ApiState, Notice, State } from '../../ui/state.tsx'
import { RequestLogs } from '../logs/request-logs.tsx'
import { JobActions } from './job-actions.tsx'
import { JobFacts } from './job-facts.tsx'
import { JobProgress } from './job-progress.tsx'
import { JobResult } from './job-result.tsx'
import { JobTimeline } from './job-timeline.tsx'
import { hasEnded, speedInWords, takeoversInWords } from './job-words.ts'
import { type FollowedJob, useJob } from './use-job.ts'

const route = getRouteApi('/app/jobs/$id')
const crumbs = [{ label: 'Jobs', link: { to: '/jobs' } }] as const

export function JobPage(): ReactElement {
  const { id } = route.useParams()
  const { sample } = route.useSearch()
  const query = useJob(id)
  const isAdmin = useIsAdmin()
  const job = query.data
  if (!job)
    return (
      <Page title="Job" crumbs={crumbs}>
        {query.error ? (
          <ProblemNotice error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Waiting what="the job" />
        )}
      </Page>
    )
  const takeovers = takeoversInWords(job.takeovers)
  return (
    <Page
      title={`${job.kind.charAt(0).toUpperCase()}${job.kind.slice(1)} job`}
      crumbs={crumbs}
      facts={
        <>
          <ApiState state={job.status} reason={job.error?.detail} />
          {takeovers !== undefined && <State tone="warn">{takeovers}</State>}
          <Identifier value={job.id} label="job id" />
        </>
      }
      actions={
        <>
          <CopyAsCurl call={query.call} />
          <JobActions job={job} />
        </>
      }
    >
      {sample && !hasEnded(job) && job.takeovers === 0 && (
        <div className="mb-4">
          <Notice tone="info">
            Now kill the server and start it again. This page goes on by itself, and so does the job: within
            35 s it is taken up behind the segments that were kept.
          </Notice>
        </div>
      )}
      {job.error && (
        <div className="mb-6" role={job.status === 'failed' ? 'alert' : undefined}>
          <Notice tone={job.status === 'failed' ? 'bad' : 'warn'}>
            <p className="font-medium">
              {job.status === 'failed' ? 'It failed' : 'The attempt before this one ended'}
            </p>
            <p className="[overflow-wrap:anywhere]">{job.error.detail}</p>
            <p className="mt-0.5 text-[13px] text-quiet">
              Code <code className="font-mono">{job.error.code}</code>
            </p>
          </Notice>
        </div>
      )}
      <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,2fr)_minmax(24rem,1fr)]">
        <div className="min-w-0">
          <HowFar query={query} />
          {job.status === 'done' && <JobResult job={job} />}
          {isAdmin && job.request_id !== null && (
            <Section title="Logs">
              <RequestLogs requestId={job.request_id} />
            </Section>
          )}
        </div>
        <div className="min-w-0">
          <Section title="Details">
            <Card>
              <JobFacts job={job} />
            </Card>
          </Section>
          <Section title="Timeline">
            <JobTimeline job={job} />
          </Section>
        </div>
      </div>
    </Page>
  )
}

function HowFar({ query }: { query: FollowedJob }): ReactElement | null {
  const job = query.data
  if (!job) return null
  const speed = job.progress && !hasEnded(job) ? speedInWords(query.readings, job.progress) : undefined
  return (
    <Section title="Progress">
      <Card>
        {job.progress ? (
          <JobProgress job={job} />
        ) : (
          <p className="text-sm text-quiet">
            {job.status === 'queued' ? 'It waits for a worker.' : 'This job counts no steps.'}
          </p>
        )}
        {speed !== undefined && <p className="mt-2 text-[13px] text-quiet tabular">{speed}</p>}
      </Card>
    </Section>
  )
}
