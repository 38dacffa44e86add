import { serviceCaller } from '../accounts/caller.ts'
import type { Job, Jobs } from '../jobs/job.ts'
import { until } from './until.ts'

/** Waits until the job has ended, however it did. @throws Error when it has not within `limitMs`. */
export async function endedJob(
  jobs: Pick<Jobs<unknown>, 'getWhole'>,
  id: string,
  limitMs: number,
): Promise<Job> {
  const service = serviceCaller('test')
  let job = await jobs.getWhole(service, id)
  await until(
    async () => {
      job = await jobs.getWhole(service, id)
      return job.finished_at !== null
    },
    `the job ${job.payload} has ended`,
    limitMs,
  )
  return job
}
