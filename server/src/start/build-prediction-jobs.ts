import type { Accounts } from '../accounts/accounts.ts'
import type { Credits } from '../credits/credits.ts'
import type { Files } from '../files/files.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Serving } from '../models/serving.ts'
import type { TensorCodec } from '../ports/tensor-codec.ts'
import { type Batches, createBatches } from '../predictions/batch/batches.ts'
import { createBatchHandler } from '../predictions/batch/handler.ts'
import { createModelJobs, type ModelJobs } from '../predictions/model-job.ts'
import type { Predictions } from '../predictions/predictions.ts'
import type { BuiltJobs } from './build-jobs.ts'
import type { Ground } from './choose.ts'
import type { Config } from './settings.ts'

/** Predictions that are made when there is time for them: one by one, and by the file. */
export function buildPredictionJobs(
  config: Config,
  { database }: Ground,
  { jobs, handlers }: BuiltJobs,
  rooms: {
    accounts: Accounts
    serving: Serving
    predictions: Predictions
    credits: Credits
    files: Files
    codec: TensorCodec
    publicUrl: string
    clock: Clock
    ids: Ids
    log: Log
  },
): { modelJobs: ModelJobs; batches: Batches } {
  const modelJobs = createModelJobs({ ...rooms, database, jobs, timeoutMs: config.PREDICT_TIMEOUT_MS })
  handlers.push(modelJobs.handler, createBatchHandler(rooms))
  return { modelJobs, batches: createBatches({ ...rooms, jobs }) }
}
