import type { Reading } from '../adapters/metrics/prometheus.ts'
import type { Presence } from '../jobs/presence/presence.ts'
import { metricLabels } from '../models/model.ts'
import type { Shelf } from '../models/shelf.ts'
import type { Database } from '../ports/database.ts'
import type { Journal } from '../predictions/journal.ts'
import type { PredictionCache } from '../predictions/prediction-cache.ts'

/** What the metrics page asks of the rooms each time it is read. */
export function readings(rooms: {
  shelf: Shelf
  predictionCache: PredictionCache
  journal: Journal
  database: Pick<Database<never>, 'connections'>
  presence: Pick<Presence, 'lastDepths'>
}): Reading[] {
  const { shelf, predictionCache, journal, database, presence } = rooms
  const perModel = (value: (loaded: ReturnType<Shelf['warm']>[number]) => number) => () =>
    shelf.warm().map(loaded => ({
      labels: metricLabels(loaded.source),
      value: value(loaded),
    }))
  const one = (value: () => number) => () => [{ value: value() }]
  const model = ['model', 'version']
  return [
    {
      name: 'roundhouse_model_queue_requests',
      help: 'Requests waiting for the model.',
      labels: model,
      read: perModel(loaded => loaded.waiting().requests),
    },
    {
      name: 'roundhouse_model_queue_rows',
      help: 'Rows waiting for the model.',
      labels: model,
      read: perModel(loaded => loaded.waiting().rows),
    },
    {
      name: 'roundhouse_model_load_seconds',
      help: 'Time the model took to load and warm.',
      labels: model,
      read: perModel(loaded => loaded.loadMs / 1000),
    },
    {
      name: 'roundhouse_cache_hits',
      help: 'Answers from the prediction cache since its last reset.',
      read: one(() => predictionCache.metrics().hits),
    },
    {
      name: 'roundhouse_cache_misses',
      help: 'Look-ups of the prediction cache that found nothing since its last reset.',
      read: one(() => predictionCache.metrics().misses),
    },
    {
      name: 'roundhouse_cache_hit_rate',
      help: 'Hits by look-ups, 0 to 1.',
      read: one(() => predictionCache.metrics().hit_rate),
    },
    {
      name: 'roundhouse_history_waiting',
      help: 'Predictions not yet written to the history.',
      read: one(journal.waiting),
    },
    {
      name: 'roundhouse_history_skipped',
      help: 'Predictions left out of the history because more came than PREDICTION_HISTORY_PER_SECOND.',
      read: one(journal.skipped),
    },
    {
      name: 'roundhouse_history_dropped',
      help: 'Predictions that the history lost because the database was too slow.',
      read: one(journal.dropped),
    },
    {
      name: 'roundhouse_job_queue_jobs',
      help: 'Jobs by queue, as a worker saw them in the last seconds.',
      labels: ['queue', 'state'],
      read: () =>
        presence.lastDepths().flatMap(({ queue, waiting, running }) => [
          { labels: { queue, state: 'waiting' }, value: waiting },
          { labels: { queue, state: 'running' }, value: running },
        ]),
    },
    {
      name: 'roundhouse_database_connections',
      help: 'Connections of the request pool.',
      labels: ['state'],
      read() {
        const { total, idle, waiting } = database.connections()
        return [
          { labels: { state: 'used' }, value: total - idle },
          { labels: { state: 'idle' }, value: idle },
          { labels: { state: 'waiting' }, value: waiting },
        ]
      },
    },
  ]
}
