import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Job, JobContext, JobHandler, Json } from '../jobs/job.ts'
import { invariant } from '../kit/invariant.ts'
import type { Database } from '../ports/database.ts'
import { taskJobKind } from './begin-run.ts'
import { createTaskContext } from './context.ts'
import type { Definitions, TaskDefinition } from './definitions.ts'
import type { TaskTools } from './lent.ts'
import { createTaskStore, type StoredRun, type TaskTables } from './store.ts'

/** No task may declare more. */
const longestMs = 82_800_000
const usualAttempts = 3
/** For a task that was told to stop; then it is no longer waited for. */
const stopMs = 5000

/** Works on the runs of tasks. */
export function createTaskHandler({
  definitions,
  database,
  tools,
}: {
  definitions: Definitions
  database: Database<TaskTables>
  tools: TaskTools
}): JobHandler<TaskTables> {
  const store = createTaskStore(database.system)

  async function attempt(definition: TaskDefinition, run: StoredRun, job: JobContext): Promise<Json> {
    const { timeoutMs } = definition
    const limit = createLimit(timeoutMs)
    const signal = AbortSignal.any([job.signal, limit.signal])
    const keepCounts = (rows: { read: number; written: number }) => store.count(run.job_id, rows)
    const { context, rows } = createTaskContext(tools, { definition, run, job, signal, keepCounts })
    try {
      const result = await Promise.race([definition.run(context), limit.overdue])
      await keepCounts(rows())
      // As it will be stored: what is no JSON is told here.
      return JSON.parse(JSON.stringify(result ?? null)) as Json
    } catch (error) {
      // Told to stop from outside: the job knows why, and another attempt counts anew.
      if (job.signal.aborted) throw error
      await keepCounts(rows()).catch(() => {})
      if (limit.signal.aborted) throw limit.signal.reason
      if (isProblem(error)) throw error
      tools.log.error('task-error', { task: run.task, run_id: run.id, job_id: run.job_id, err: error })
      const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      throw new Problem('task-failed', sentence.slice(0, 2000), { cause: error })
    } finally {
      limit.end()
    }
  }

  return {
    kind: taskJobKind,
    queue: 'task',
    maxAttempts: usualAttempts,
    timeoutMs: longestMs + stopMs,
    knows: job => definitions.has(taskOf(job)),
    async run(job) {
      const run = await store.begin(job.job.id)
      invariant(run, 'a run and its job are added together')
      const definition = definitions.get(run.task)
      invariant(definition, 'a task that is not known here is handed back')
      return attempt(definition, run, job)
    },
    async ended(db, { id, status, error }) {
      await createTaskStore(db).end(id, status, error)
    },
  }
}

/** What was put there with the run. */
function taskOf({ payload }: Job): string {
  return (payload as { task: string }).task
}

/** `signal` aborts after the time of the task; `overdue` rejects when it has not ended soon after. */
function createLimit(timeoutMs: number): { signal: AbortSignal; overdue: Promise<never>; end(): void } {
  const stop = new AbortController()
  const overdue = Promise.withResolvers<never>()
  // It may reject when no one waits any more.
  overdue.promise.catch(() => {})
  const reason = new Problem('deadline-exceeded', `The task ran longer than ${timeoutMs / 1000} s.`)
  let late: NodeJS.Timeout | undefined
  const timer = setTimeout(() => {
    late = setTimeout(() => overdue.reject(reason), stopMs)
    stop.abort(reason)
  }, timeoutMs)
  return {
    signal: stop.signal,
    overdue: overdue.promise,
    end() {
      clearTimeout(timer)
      clearTimeout(late)
    },
  }
}
