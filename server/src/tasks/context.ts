import type { TaskContext, TaskJson, TaskResult } from '@roundhouse/sdk/config'
import type { JobContext } from '../jobs/job.ts'
import type { TaskDefinition } from './definitions.ts'
import { createPatientFetch } from './fetch/patient-fetch.ts'
import { createTaskFiles, taskCaller } from './files.ts'
import { logOf, predictAs, sqlUntil, type TaskTools } from './lent.ts'
import { createRowCounter, type RowCounts } from './row-counts.ts'
import type { StoredRun } from './store.ts'

/** The context of one attempt at a run, and the rows it has counted. */
export function createTaskContext(
  tools: TaskTools,
  {
    definition,
    run,
    job,
    signal,
    keepCounts,
  }: {
    definition: TaskDefinition
    run: StoredRun
    job: Pick<JobContext, 'step' | 'progress'>
    signal: AbortSignal
    keepCounts: (rows: RowCounts) => Promise<void>
  },
): { context: TaskContext; rows: () => RowCounts } {
  const { name, requestsPerSecond } = definition
  const caller = taskCaller(name)
  const log = logOf(tools.log, { task: name, run_id: run.id })
  const counter = createRowCounter()

  async function step<Result extends TaskResult>(
    stepName: string,
    work: (idempotencyKey: string) => Promise<Result>,
  ): Promise<Result> {
    const kept = await job.step<{ result?: TaskJson; rows: RowCounts }>(stepName, async key => {
      const { result, rows } = await counter.apart<TaskResult>(() => work(key))
      return result === undefined ? { rows } : { result, rows }
    })
    counter.addAll(kept.rows)
    await keepCounts(counter.total())
    // What this very step gave, now or in an attempt before.
    return kept.result as Result
  }

  const context: TaskContext = {
    sql: sqlUntil(signal, tools.sql),
    fetch: createPatientFetch({ requestsPerSecond, signal, log }),
    files: createTaskFiles({ files: tools.files, caller, publicUrl: tools.publicUrl, signal }),
    predict: (model, inputs) => predictAs(tools, caller, signal, model, inputs),
    step,
    progress: job.progress,
    log,
    signal,
    input: run.input,
    tick: run.tick,
    rows: {
      read: count => counter.add('read', count),
      written: count => counter.add('written', count),
    },
  }
  return { context, rows: counter.total }
}
