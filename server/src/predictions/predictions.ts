import { isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything } from '../accounts/caller.ts'
import type { Credits } from '../credits/credits.ts'
import type { Clock } from '../kit/clock.ts'
import { context } from '../kit/context.ts'
import type { Ids } from '../kit/ids.ts'
import type { BatchAnswer } from '../models/batcher.ts'
import type { LoadedModel } from '../models/loader.ts'
import { type ModelTarget, modelLabel } from '../models/model.ts'
import type { Serving } from '../models/serving.ts'
import { add } from '../models/statistics.ts'
import type { Database } from '../ports/database.ts'
import type { Journal } from './journal.ts'
import type { CacheMetrics, PredictionCache } from './prediction-cache.ts'
import type { PredictionCounts } from './prediction-counts.ts'
import { createPredictionStore, type PredictionTables, type StoredPrediction } from './store.ts'

export type PredictRequest = {
  /** Checked against the model's signature, in its order. */
  readonly inputs: readonly Tensor[]
  /** Names of the outputs wanted, in order. */
  readonly outputs: readonly string[]
  /** Answers from the cache, and into it. */
  readonly useCache: boolean
  readonly signal?: AbortSignal | undefined
  /** The server's own limit when absent. */
  readonly timeoutMs?: number | undefined
  /** Names the work among all of the caller: the same is paid once, however often it is tried. */
  readonly workId?: string | undefined
}

export type Prediction = {
  readonly id: string
  readonly outputs: Tensor[]
  /** Time in the model; 0 for an answer from the cache. */
  readonly inferenceTimeMs: number
  readonly cached: boolean
  readonly createdAt: number
}

/** The one way to a prediction, whatever surface it came by. */
export type Predictions = {
  /**
   * The warm model that answers, whose signature the inputs are read by. Here it is decided whether the caller may;
   * `predict` is for what was found.
   */
  find(caller: Caller, target: ModelTarget): LoadedModel | Promise<LoadedModel>
  /**
   * Charged by the price of the model, an answer from the cache too; a failed one costs nothing.
   * @throws Problem `insufficient-credits`, `model-overloaded`, `model-not-loaded`, `model-failed`, `deadline-exceeded`,
   * `client-closed`.
   */
  predict(caller: Caller, model: LoadedModel, request: PredictRequest): Promise<Prediction>
  /** The same for work that is paid for otherwise, as jobs are. */
  predictPaid(caller: Caller, model: LoadedModel, request: PredictRequest): Promise<Prediction>
  /** Newest first: the caller's own calls; for administrators and the service-role key those of everyone. */
  history(
    caller: Caller,
    modelId: string,
    options: { beforeId?: string | undefined; limit: number },
  ): Promise<StoredPrediction[]>
  /** Forgets the history that is older than its retention. */
  sweep(): Promise<void>
  /** Counts the hits and misses of this process from zero; an administrative act, so the audit log holds it. */
  resetCacheMetrics(caller: Caller): Promise<CacheMetrics>
  /** Forgets everything of a removed model; what a crash leaves of it goes with its age. */
  forget(modelId: string): Promise<void>
}

const sweepRows = 2000
/** Beyond the limit of the prediction: what is held so long is of a process that died. */
const holdSeconds = 60

export function createPredictions(dependencies: {
  serving: Serving
  cache: PredictionCache
  journal: Journal
  counts: Pick<PredictionCounts, 'add'>
  credits: Pick<Credits, 'charge'>
  database: Database<PredictionTables>
  ids: Ids
  clock: Clock
  timeoutMs: number
  retentionDays: number
}): Predictions {
  const { serving, cache, journal, counts, credits, database, ids, clock, timeoutMs, retentionDays } =
    dependencies
  const system = createPredictionStore(database.system)

  function record(
    caller: Caller,
    model: LoadedModel,
    request: PredictRequest,
    prediction: Prediction,
    error: string | null,
  ): Prediction {
    counts.add(model.source.id, prediction, error)
    journal.add({
      id: prediction.id,
      modelId: model.source.id,
      modelVersion: model.source.version,
      userId: caller.userId,
      requestId: context.getStore()?.requestId ?? null,
      inputs: request.inputs,
      outputs: error === null ? prediction.outputs : null,
      inferenceTimeMs: prediction.inferenceTimeMs,
      cached: prediction.cached,
      error,
      createdAt: prediction.createdAt,
    })
    return prediction
  }

  /** From the cache, else from the model. */
  async function predictUnpaid(
    id: string,
    caller: Caller,
    model: LoadedModel,
    request: PredictRequest,
  ): Promise<Prediction> {
    if (!request.useCache || !model.facts.deterministic) return compute(id, caller, model, request)
    const key = cache.key(model.source.id, request.inputs, request.outputs)
    if (key === undefined) return compute(id, caller, model, request)
    const startedAt = clock.elapsed()
    const createdAt = clock.now()
    const outputs = await cache.get(key)
    add(outputs ? model.statistics.cacheHit : model.statistics.cacheMiss, clock.elapsed() - startedAt)
    if (outputs) {
      add(model.statistics.success, clock.elapsed() - startedAt)
      return record(
        caller,
        model,
        request,
        { id, outputs, inferenceTimeMs: 0, cached: true, createdAt },
        null,
      )
    }
    const prediction = await compute(id, caller, model, request)
    cache.set(key, prediction.outputs)
    return prediction
  }

  async function compute(
    id: string,
    caller: Caller,
    model: LoadedModel,
    request: PredictRequest,
  ): Promise<Prediction> {
    const startedAt = clock.elapsed()
    const createdAt = clock.now()
    const prediction = { id, outputs: [], inferenceTimeMs: 0, cached: false, createdAt }
    let answer: BatchAnswer
    try {
      answer = await runOnCurrent(caller, model, request)
    } catch (error) {
      add(model.statistics.fail, clock.elapsed() - startedAt)
      if (isProblem(error) && error.code === 'model-failed')
        record(caller, model, request, prediction, error.message)
      throw error
    }
    const { statistics } = model
    add(statistics.queue, answer.queueMs)
    add(statistics.computeInfer, answer.computeMs)
    add(statistics.success, clock.elapsed() - startedAt)
    statistics.lastInferenceAt = createdAt
    return record(
      caller,
      model,
      request,
      { ...prediction, outputs: answer.outputs, inferenceTimeMs: answer.computeMs },
      null,
    )
  }

  /** The session may have been replaced between finding it and running on it: then its successor answers. */
  async function runOnCurrent(
    caller: Caller,
    model: LoadedModel,
    request: PredictRequest,
  ): Promise<BatchAnswer> {
    const batch = {
      inputs: request.inputs,
      outputs: request.outputs,
      signal: request.signal,
      timeoutMs: Math.min(request.timeoutMs ?? timeoutMs, timeoutMs),
    }
    try {
      return await model.run(batch)
    } catch (error) {
      if (!isProblem(error) || error.code !== 'model-not-loaded') throw error
      const successor = await serving.find(caller, { id: model.source.id })
      if (successor === model) throw error
      return successor.run(batch)
    }
  }

  return {
    find: serving.find,

    predict(caller, model, request) {
      const id = ids.uuid()
      const { userId } = caller
      const amount = userId === null ? 0 : serving.price(model.source.id)
      if (amount === 0) return predictUnpaid(id, caller, model, request)
      const bill = {
        userId,
        amount,
        reason: `prediction ${modelLabel(model.source)}`,
        reference: `prediction:${request.workId ?? id}`,
      }
      const seconds = holdSeconds + Math.ceil(timeoutMs / 1000)
      return credits.charge(bill, seconds, () => predictUnpaid(id, caller, model, request))
    },

    predictPaid: (caller, model, request) => predictUnpaid(ids.uuid(), caller, model, request),

    async history(caller, modelId, options) {
      await serving.row(caller, { id: modelId })
      const userId = mayEverything(caller) ? undefined : caller.userId
      // An anonymous call is nobody's.
      if (userId === null) return []
      // What was answered a moment ago is read too.
      await journal.flush(500)
      return database.as(caller, db => createPredictionStore(db).list(modelId, { ...options, userId }))
    },

    async sweep() {
      const time = new Date(clock.now() - retentionDays * 86_400_000)
      await removeAll(() => system.removeOlderThan(time, sweepRows))
    },

    async resetCacheMetrics(caller) {
      await database.as(caller, (_db, audit) => audit('cache-reset', 'prediction-cache'))
      cache.reset()
      return cache.metrics()
    },

    async forget(modelId) {
      await cache.forget(modelId)
      await removeAll(() => system.removeOfModel(modelId, sweepRows))
    },
  }
}

/** In small pieces: one long delete would hold its locks, and meet the statement time-out. */
async function removeAll(removeSome: () => Promise<number>): Promise<void> {
  while ((await removeSome()) === sweepRows) await new Promise(resolve => setImmediate(resolve))
}
