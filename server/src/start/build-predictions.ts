import type { Credits } from '../credits/credits.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Serving } from '../models/serving.ts'
import { createEmbeddings, type Embeddings } from '../predictions/embeddings/embeddings.ts'
import { createJournal, type Journal } from '../predictions/journal.ts'
import { createPredictionCache, type PredictionCache } from '../predictions/prediction-cache.ts'
import { createPredictionCounts, type PredictionCounts } from '../predictions/prediction-counts.ts'
import { createPredictions, type Predictions } from '../predictions/predictions.ts'
import { createPredictionStore } from '../predictions/store.ts'
import type { Ground } from './choose.ts'
import type { Config } from './settings.ts'

/** Predictions recorded whole before the ceiling a second counts. */
const historyBurst = 10_000

/** Answers of models, with their cache and their history, and vectors of texts by them. */
export function buildPredictions(
  config: Config,
  { database, cache }: Ground,
  rooms: { serving: Serving; credits: Credits; ids: Ids; clock: Clock; log: Log },
): {
  predictions: Predictions
  predictionCache: PredictionCache
  journal: Journal
  predictionCounts: PredictionCounts
  embeddings: Embeddings
} {
  const predictionCache = createPredictionCache({ cache, ttlSeconds: config.CACHE_PREDICTION_TTL })
  const journal = createJournal({
    ...rooms,
    store: createPredictionStore(database.system),
    mode: config.PREDICTION_HISTORY,
    perSecond: config.PREDICTION_HISTORY_PER_SECOND,
    burst: historyBurst,
  })
  const predictionCounts = createPredictionCounts()
  const predictions = createPredictions({
    ...rooms,
    cache: predictionCache,
    journal,
    counts: predictionCounts,
    database,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    retentionDays: config.PREDICTION_RETENTION_DAYS,
  })
  const embeddings = createEmbeddings({ ...rooms, predictions })
  return { predictions, predictionCache, journal, predictionCounts, embeddings }
}
