import { decodeNamedInputs, encodeNamedOutputs, type ModelJobResult, Problem } from '@roundhouse/sdk/contract'
import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Credits } from '../credits/credits.ts'
import type { CreditTables } from '../credits/store.ts'
import type { Job, JobHandler, Jobs } from '../jobs/job.ts'
import type { JobTables } from '../jobs/store.ts'
import type { Ids } from '../kit/ids.ts'
import { type Model, modelLabel, storedSignature } from '../models/model.ts'
import type { Serving } from '../models/serving.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import type { Predictions } from './predictions.ts'

type Tables = JobTables & CreditTables

export type NewModelJob = {
  modelId: string
  /** Per input its nested array, integers beyond 2^53 as bigint. */
  inputData: unknown
  priority?: number | undefined
}

/** Predictions that are made when there is time for them. */
export type ModelJobs = {
  /**
   * The price is held with the job, and settled when it is done.
   * @throws Problem `model-not-found`, `model-state`, `invalid-request`, `invalid-tensor`, `insufficient-credits`.
   */
  create(caller: Caller, job: NewModelJob, within?: WithinTransaction<Job>): Promise<Job>
  readonly handler: JobHandler<Tables>
}

/** The result as stored. The outputs are text: they may hold integers beyond 2^53 and what Postgres takes in no JSON. */
type StoredResult = Omit<ModelJobResult, 'output_data'> & { output_json: string }

type Payload = {
  model_id: string
  /** JSON text, for the same reason. */
  input_json: string
  /** For a job begun anew: what is held again. */
  reason: string
  paid: { hold: string; amount: number } | null
}

/** With waits that double from a second, these give a model two minutes to load. */
const maxAttempts = 8
/** Beside the time in the model, which has a limit of its own. */
const overheadMs = 10_000
/** What waits longer than that is paid from what there is to spare by then. */
const holdSeconds = 7 * 24 * 3600

export function createModelJobs(dependencies: {
  database: Database<Tables>
  jobs: Jobs<Tables>
  accounts: Pick<Accounts, 'owner'>
  serving: Pick<Serving, 'row' | 'find'>
  predictions: Pick<Predictions, 'predictPaid'>
  credits: Pick<Credits, 'holdIn' | 'settleIn' | 'releaseIn'>
  codec: Pick<TensorCodec, 'decodeNamed' | 'encodeNamed'>
  ids: Ids
  /** Of one prediction. */
  timeoutMs: number
}): ModelJobs {
  const { database, jobs, accounts, serving, predictions, credits, codec, ids, timeoutMs } = dependencies

  async function run(job: Job, signal: AbortSignal): Promise<StoredResult> {
    const { model_id, input_json } = payloadOf(job)
    const owner = await accounts.owner(job.owner_id)
    if (!owner) throw new Problem('forbidden', 'The owner of the job may not use this server any more.')
    // What was allowed when the job was made need not be now.
    const model = await serving.find(owner, { id: model_id })
    const { inputs } = await codec.decodeNamed(Buffer.from(`{"input_data":${input_json}}`), model.signature)
    const prediction = await predictions.predictPaid(owner, model, {
      inputs,
      outputs: model.signature.outputs.map(({ name }) => name),
      useCache: true,
      signal,
    })
    return {
      id: prediction.id,
      model_id,
      output_json: await codec.encodeNamed(prediction.outputs),
      inference_time_ms: Math.round(prediction.inferenceTimeMs * 1000) / 1000,
      cached: prediction.cached,
      created_at: new Date(prediction.createdAt).toISOString(),
    }
  }

  return {
    async create(caller, { modelId, inputData, priority }, within) {
      const model = await serving.row(caller, { id: modelId })
      // Not by `find`: a process that only answers has no need to load it.
      const inputs = decodeNamedInputs(inputData, signatureOf(model))
      const id = ids.uuid()
      const { userId } = caller
      const reason = `prediction ${modelLabel(model)}`
      return await database.as(caller, async db => {
        const bill = { userId, amount: model.price, reason, reference: referenceOf(id) }
        const hold = await credits.holdIn(db, bill, holdSeconds)
        const payload: Payload = {
          model_id: modelId,
          input_json: encodeNamedOutputs(inputs),
          reason,
          paid: hold && { hold: hold.id, amount: hold.amount },
        }
        const job = await jobs.add(db, {
          id,
          kind: 'model',
          ownerId: userId,
          payload,
          ...(priority === undefined ? {} : { priority }),
        })
        await within?.(db, job)
        return job
      })
    },

    handler: {
      kind: 'model',
      queue: 'model',
      maxAttempts,
      timeoutMs: timeoutMs + overheadMs,
      run: ({ job, signal }) => run(job, signal),
      endsWith: job => payloadOf(job).paid !== null,
      async ended(db, job) {
        const { paid } = payloadOf(job)
        if (!paid) return
        if (job.status === 'done') await credits.settleIn(db, paid.hold, paid.amount)
        else await credits.releaseIn(db, paid.hold)
      },
      async retried(db, job) {
        const { paid, reason } = payloadOf(job)
        // The same reference gives the same hold, open again.
        if (paid)
          await credits.holdIn(
            db,
            { userId: job.owner_id, amount: paid.amount, reason, reference: referenceOf(job.id) },
            holdSeconds,
          )
      },
    },
  }
}

/** The result of a model job that is done, as JSON text of `modelJobResult`. */
export function modelJobResultJson(job: Job): string {
  // What lies there is what `run` gave.
  const { output_json, ...rest } = job.result as StoredResult
  return `${JSON.stringify(rest).slice(0, -1)},"output_data":${output_json}}`
}

/** What `create` put there. */
function payloadOf(job: Job): Payload {
  return job.payload as Payload
}

function referenceOf(jobId: string): string {
  return `job:${jobId}`
}

function signatureOf(model: Model): ReturnType<typeof storedSignature> {
  if (model.status !== 'ready')
    throw new Problem(
      'model-state',
      `Model ${modelLabel(model)} cannot predict: its status is ${model.status}.`,
    )
  return storedSignature(model)
}
