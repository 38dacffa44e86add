import type { Job } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { Progress } from '../../ui/progress.tsx'
import { hasEnded, progressInWords } from './job-words.ts'

/** How far a job is, as a bar and in words. One that has ended without a total has no bar. */
export function JobProgress({ job }: { job: Job }): ReactElement | null {
  if (!job.progress) return null
  const { done, total } = job.progress
  const words = progressInWords(job.progress)
  return (
    <div className="grid gap-1">
      <span className="truncate text-[13px] text-quiet tabular">{words}</span>
      {(total !== null || !hasEnded(job)) && <Progress label={words} done={done} total={total} />}
    </div>
  )
}
