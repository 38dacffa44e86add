import type { Job } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { duration } from '../../ui/format.ts'
import { Moment } from '../../ui/time.tsx'
import { takeoversInWords } from './job-words.ts'

/** What happened when, and how long it took in between. */
export function JobTimeline({ job }: { job: Job }): ReactElement {
  const entries: { what: string; at: string; took?: string }[] = [{ what: 'Asked for', at: job.created_at }]
  if (job.started_at !== null)
    entries.push({
      what: 'First begun',
      at: job.started_at,
      took: `waited ${between(job.created_at, job.started_at)}`,
    })
  else if (job.status === 'queued') entries.push({ what: 'May begin', at: job.run_at })
  if (job.status === 'queued' && job.started_at !== null)
    entries.push({ what: 'Next attempt', at: job.run_at })
  if (job.finished_at !== null)
    entries.push({
      what: ended[job.status] ?? 'Ended',
      at: job.finished_at,
      took: `took ${between(job.started_at ?? job.created_at, job.finished_at)}`,
    })
  const takeovers = takeoversInWords(job.takeovers)
  return (
    <ol className="relative ml-1.5 grid gap-4 border-l border-line pl-5 text-sm">
      {entries.map(({ what, at, took }) => (
        <li key={what} className="relative">
          <span
            aria-hidden="true"
            className="absolute top-1.5 -left-[1.6rem] size-2.5 rounded-full border-2 border-ground bg-accent"
          />
          <p className="font-medium">{what}</p>
          <p className="text-[13px] text-quiet">
            <Moment at={at} />
            {took !== undefined && <>, {took}</>}
          </p>
          {what === 'First begun' && takeovers !== undefined && (
            <p className="text-[13px] text-warn">{takeovers}</p>
          )}
        </li>
      ))}
    </ol>
  )
}

const ended: Partial<Record<Job['status'], string>> = {
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

function between(from: string, to: string): string {
  return duration(Math.max(0, Date.parse(to) - Date.parse(from)))
}
