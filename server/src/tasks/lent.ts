import type { TaskContext, TaskQuery, TaskSql } from '@roundhouse/sdk/config'
import type { Caller } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'
import type { Log } from '../kit/log.ts'
import type { AppSql } from '../ports/app-sql.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Predictions } from '../predictions/predictions.ts'

/** What the server lends to tasks, and to the code of tools. */
export type TaskTools = {
  sql: AppSql['sql']
  files: Pick<Files, 'objects' | 'listing' | 'links'>
  predictions: Pick<Predictions, 'find' | 'predict'>
  codec: Pick<TensorCodec, 'decodeNamed' | 'encodeNamed'>
  publicUrl: string
  log: Log
}

/** Work that has lost its job, or was told to stop, changes nothing any more. */
export function sqlUntil(signal: AbortSignal, sql: TaskSql): TaskSql {
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

/** @param target `name`, or `name@version`. */
export async function predictAs(
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

/** Its lines have these fields, whatever they say. */
export function logOf(log: Log, fields: Readonly<Record<string, unknown>>): TaskContext['log'] {
  return {
    debug: (event, more) => log.debug(event, { ...more, ...fields }),
    info: (event, more) => log.info(event, { ...more, ...fields }),
    warn: (event, more) => log.warn(event, { ...more, ...fields }),
    error: (event, more) => log.error(event, { ...more, ...fields }),
  }
}
