import {
  type BatchResult,
  batchResult,
  type CreateJob,
  type Job,
  type JobList,
  job,
  jobList,
  type ListJobs,
  type ModelJobResult,
  modelJobResult,
} from '../contract/job.ts'
import { ConnectionError } from './errors.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { type Reply, readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'
import { inputDataJson } from './values.ts'
import { watchJob } from './watch-job.ts'

export type ListJobsOptions = CallOptions & Partial<ListJobs>
export type WatchOptions = Pick<CallOptions, 'signal'>
export type WaitOptions = WatchOptions & {
  /** For all of it; without it as long as it takes. */
  timeoutMs?: number
  /** Told of the job at first and after each change. */
  onProgress?: (job: Job) => void
}

/** Work in the background. Every call throws what `Send` throws, and UnexpectedReply. */
export type JobsClient = {
  /** A prediction that is made when there is time for it; `input_data` as for `models.predict`. */
  create(body: CreateJob, options?: CallOptions): Promise<Job>
  list(options?: ListJobsOptions): Promise<JobList>
  /** Every job, page after page. */
  iterate(options?: ListJobsOptions): AsyncGenerator<Job, void>
  get(id: string, options?: CallOptions): Promise<Job>
  /** Undefined while it has not ended. @throws Problem `job-failed`, or `conflict` when it was cancelled. */
  result(id: string, options?: CallOptions): Promise<ModelJobResult | undefined>
  /** The same of a batch. */
  batchResult(id: string, options?: CallOptions): Promise<BatchResult | undefined>
  /** Ends one that waits; one that runs is told to stop, and may end otherwise before it hears of it. */
  cancel(id: string, options?: CallOptions): Promise<Job>
  /** Begins one that failed or was cancelled anew. @throws Problem `conflict`. */
  retry(id: string, options?: CallOptions): Promise<Job>
  /** @throws Problem `conflict` while it has not ended. */
  remove(id: string, options?: CallOptions): Promise<void>
  /**
   * The job as it is now, then after changes, until it has ended. Comes back by itself when the connection is lost; a
   * slow reader gets the newest state only.
   */
  watch(id: string, options?: WatchOptions): AsyncGenerator<Job, void>
  /**
   * The job as it ended, whichever way.
   * @throws ConnectionError `timeout` when it has not ended by then; it goes on.
   */
  wait(id: string, options?: WaitOptions): Promise<Job>
}

export function createJobsClient(send: Send): JobsClient {
  const list: JobsClient['list'] = async ({ limit, cursor, status, kind, ...options } = {}) => {
    const query = { limit, cursor, status, kind }
    return readReply(jobList, await send({ method: 'GET', path: '/api/v1/jobs', query }, options))
  }
  const get: JobsClient['get'] = async (id, options) =>
    readReply(job, await send({ method: 'GET', path: path`/api/v1/jobs/${id}` }, options))
  const change = async (to: string, options: CallOptions | undefined) =>
    readReply(job, await send({ method: 'POST', path: to, creates: true }, options))
  const finished = async (id: string, options: CallOptions | undefined): Promise<Reply | undefined> => {
    const reply = await send({ method: 'GET', path: path`/api/v1/jobs/${id}/result` }, options)
    return reply.status === 202 ? undefined : reply
  }
  const watch: JobsClient['watch'] = (id, options = {}) => watchJob(send, id, options.signal)

  return {
    async create(body, options) {
      const call = {
        method: 'POST',
        path: '/api/v1/jobs',
        headers: { 'content-type': 'application/json' },
        body: inputDataJson(body),
        creates: true,
      } as const
      return readReply(job, await send(call, options))
    },
    list,
    iterate: (options = {}) => iteratePages(list, options),
    get,
    async result(id, options) {
      const reply = await finished(id, options)
      return reply && readReply(modelJobResult, reply)
    },
    async batchResult(id, options) {
      const reply = await finished(id, options)
      return reply && readReply(batchResult, reply)
    },
    cancel: (id, options) => change(path`/api/v1/jobs/${id}/cancel`, options),
    retry: (id, options) => change(path`/api/v1/jobs/${id}/retry`, options),
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/jobs/${id}` }, options)
    },
    watch,
    async wait(id, { signal, timeoutMs, onProgress } = {}) {
      const stop = new AbortController()
      const abort = () => stop.abort(signal?.reason)
      const late = new ConnectionError(
        'timeout',
        `Job ${id} has not ended within ${timeoutMs} ms; it goes on.`,
      )
      // Timers take at most 2^31 - 1 ms and fire at once past it.
      const isLimited = timeoutMs !== undefined && timeoutMs < 2 ** 31
      const timer = isLimited ? setTimeout(() => stop.abort(late), timeoutMs) : undefined
      if (signal?.aborted) abort()
      signal?.addEventListener('abort', abort, { once: true })
      try {
        let last: Job | undefined
        for await (const change of watch(id, { signal: stop.signal })) {
          last = change
          onProgress?.(change)
        }
        return last ?? (await get(id, { signal }))
      } finally {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
    },
  }
}
