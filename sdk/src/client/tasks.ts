import {
  type Task,
  type TaskRun,
  type TaskRunList,
  task,
  taskList,
  taskRun,
  taskRunList,
} from '../contract/task.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type CallOptions, jsonCall, type Send } from './transport.ts'

export type RunTaskOptions = CallOptions & {
  /** What the task is given, e.g. the range of a backfill. */
  input?: Readonly<Record<string, unknown>>
}

export type ListTaskRunsOptions = CallOptions & { limit?: number; cursor?: string }

/**
 * The tasks of the server's configuration, for administrators; anyone else gets Problem `forbidden`. Every call throws
 * what `Send` throws, and UnexpectedReply; Problem `resource-not-found` for a name that is not declared.
 */
export type TasksClient = {
  list(options?: CallOptions): Promise<Task[]>
  /** Does not wait for the end of the run: it is a job, under its `job_id`. @throws Problem `conflict` while one runs. */
  run(name: string, options?: RunTaskOptions): Promise<TaskRun>
  /** No ticks until it is resumed; what runs goes on. */
  pause(name: string, options?: CallOptions): Promise<Task>
  /** Ticks of the pause are not caught up. */
  resume(name: string, options?: CallOptions): Promise<Task>
  runs: {
    /** Newest first. */
    list(name: string, options?: ListTaskRunsOptions): Promise<TaskRunList>
    /** Every run, page after page. */
    iterate(name: string, options?: ListTaskRunsOptions): AsyncGenerator<TaskRun, void>
  }
}

export function createTasksClient(send: Send): TasksClient {
  const list = async (name: string, { limit, cursor, ...options }: ListTaskRunsOptions = {}) => {
    const call = { method: 'GET', path: path`/api/v1/tasks/${name}/runs`, query: { limit, cursor } } as const
    return readReply(taskRunList, await send(call, options))
  }
  const setPaused = async (name: string, paused: boolean, options?: CallOptions) => {
    const call = jsonCall('PATCH', path`/api/v1/tasks/${name}`, JSON.stringify({ paused }))
    return readReply(task, await send(call, options))
  }
  return {
    async list(options) {
      return readReply(taskList, await send({ method: 'GET', path: '/api/v1/tasks' }, options)).data
    },
    async run(name, { input, ...options } = {}) {
      const call = jsonCall('POST', path`/api/v1/tasks/${name}/run`, JSON.stringify({ input }))
      return readReply(taskRun, await send({ ...call, creates: true }, options))
    },
    pause: (name, options) => setPaused(name, true, options),
    resume: (name, options) => setPaused(name, false, options),
    runs: {
      list,
      iterate: (name, options = {}) => iteratePages(page => list(name, page), options),
    },
  }
}
