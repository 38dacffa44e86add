import { createPrometheusMetrics } from '../adapters/metrics/prometheus.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import type { Alerts } from '../admin/alerts/alerts.ts'
import { createHealth, type Health } from '../admin/health.ts'
import type { Changes } from '../changes/changes.ts'
import type { Presence } from '../jobs/presence/presence.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { ModelFetcher } from '../models/fetch.ts'
import type { Serving } from '../models/serving.ts'
import type { Shelf } from '../models/shelf.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Journal } from '../predictions/journal.ts'
import type { PredictionCache } from '../predictions/prediction-cache.ts'
import type { PredictionCounts } from '../predictions/prediction-counts.ts'
import { buildAlerts } from './alerts.ts'
import { type BuiltMeasured, buildMeasured } from './build-measured.ts'
import type { Ground } from './choose.ts'
import { migrationsFolder } from './paths.ts'
import { readings } from './readings.ts'
import type { Config } from './settings.ts'

export type BuiltMonitoring = BuiltMeasured & { health: Health; metrics: Metrics; alerts: Alerts }

/** How the server is doing: now, over time, and when somebody has to be told. */
export function buildMonitoring(
  config: Config,
  ground: Ground,
  rooms: {
    serving: Serving
    shelf: Shelf
    fetcher: ModelFetcher
    presence: Presence
    predictionCache: PredictionCache
    predictionCounts: PredictionCounts
    journal: Journal
    changes: Changes
    /** Names of the tasks that are declared. */
    tasks: readonly string[]
    publicUrl: string
    version: string
    clock: Clock
    ids: Ids
    log: Log
  },
): BuiltMonitoring {
  const { database, cache, files } = ground
  const notMigrated = () => pendingMigrations({ db: database.system, folder: migrationsFolder })
  const health = createHealth({
    ...rooms,
    checkDatabase: database.check,
    pendingMigrations: notMigrated,
    cache,
    files,
    environment: config.ENVIRONMENT,
  })
  const metrics = createPrometheusMetrics(readings({ ...rooms, database }))
  const alerts = buildAlerts({
    ...rooms,
    config,
    metrics,
    database,
    changed: id => rooms.changes.tell({ kind: 'alert', id, userId: null }),
  })
  const measured = buildMeasured(config, ground, {
    ...rooms,
    metrics,
    health,
    pendingMigrations: notMigrated,
  })
  return { ...measured, health, metrics, alerts }
}
