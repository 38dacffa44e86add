import type { TaskContext, TaskJson, TaskQuery, TaskResult, TaskSql } from '@roundhouse/sdk/config'
import type { Caller } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'
import type { JobContext } from '../jobs/job.ts'
import type { Log } from '../kit/log.ts'
import type { AppSql } from '../ports/app-sql.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { TaskDefinition } from './definitions.ts'
import { createPatientFetch } from './fetch/patient-fetch.ts'
import { createTaskFiles, taskCaller } from './files.ts'
import { createRowCounter, type RowCounts } from './row-counts.ts'
import type { StoredRun } from './store.ts'

/** What the server lends to tasks. */
export type TaskTools = {
  sql: AppSql['sql']
  files: Pick<Files, 'objects' | 'listing' | 'links'>
  predictions: Pick<Predictions, 'find' | 'predict'>
  codec: Pick<TensorCodec, 'decodeNamed' | 'encodeNamed'>
  publicUrl: string
  log: Log
}

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
    predict: (model, inputs) => predict(tools, caller, signal, model, inputs),
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

/** A run that has lost its job, or was told to stop, changes nothing any more. */
function sqlUntil(signal: AbortSignal, sql: TaskSql): TaskSql {
  const query: TaskQuery = async (text, ...values) => {
    signal.throwIfAborted()
    return sql(text, ...values)
  }
  return Object.assign(query, {
    transaction: <Result>(work: (sql: TaskQuery) => Promise<Result>) =>
      sql.transaction(async inner => {
        signal.throwIfAborted()
        const result = await work(async (text, ...values) => {
          signal.throwIfAborted()
          return inner(text, ...values)
        })
        signal.throwIfAborted()
        return result
      }),
  })
}

async function predict(
  { predictions, codec }: TaskTools,
  caller: Caller,
  signal: AbortSignal,
  target: string,
  inputs: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const [name = '', version] = target.split('@', 2)
  const model = await predictions.find(caller, { name, version })
  const body = Buffer.from(JSON.stringify({ input_data: inputs }))
  const decoded = await codec.decodeNamed(body, model.signature)
  const outputs = model.signature.outputs.map(output => output.name)
  const prediction = await predictions.predict(caller, model, {
    inputs: decoded.inputs,
    outputs,
    useCache: true,
    signal,
  })
  return JSON.parse(await codec.encodeNamed(prediction.outputs)) as Record<string, unknown>
}

function logOf(log: Log, fields: Readonly<Record<string, unknown>>): TaskContext['log'] {
  return {
    debug: (event, more) => log.debug(event, { ...more, ...fields }),
    info: (event, more) => log.info(event, { ...more, ...fields }),
    warn: (event, more) => log.warn(event, { ...more, ...fields }),
    error: (event, more) => log.error(event, { ...more, ...fields }),
  }
}
