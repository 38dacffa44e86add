import { type AdminOverview, isProblem, type RecentFailure } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import { latencyQuantile } from '../../kit/latency.ts'
import { modelLabel } from '../../models/model.ts'
import type { ServedState, Serving } from '../../models/serving.ts'
import type { Database, DatabaseCaller } from '../../ports/database.ts'
import { createMeasuredStore, type Point, type PointTimes, type Span } from '../measured/store.ts'
import type { AdminTables } from '../store.ts'
import type { Parts } from './parts.ts'
import { createOverviewStore } from './store.ts'

/** How things stand, in one look. For administrators. While the database is away it says so, and what is known without. */
export type Overview = (caller: DatabaseCaller) => Promise<AdminOverview>

const windowMs = 900_000
const dayMs = 86_400_000
const mostFailures = 10
const everyone = serviceCaller('overview')

export function createOverview(dependencies: {
  database: Database<AdminTables>
  serving: Pick<Serving, 'states'>
  parts: Parts
  sampleMs: number
  version: string
  environment: string
  startedAt: number
  clock: Clock
}): Overview {
  const { database, serving, parts, sampleMs, version, environment, startedAt, clock } = dependencies

  async function read(caller: DatabaseCaller, now: number) {
    const span: Span = {
      from: new Date(now - windowMs),
      to: new Date(now),
      pointMs: sampleMs,
      isCoarse: false,
    }
    return database.as(caller, async db => {
      const [measured, overview] = [createMeasuredStore(db), createOverviewStore(db)]
      return {
        points: await measured.points(span),
        times: await measured.times(span),
        failures: await overview.failures(new Date(now - dayMs), mostFailures),
        credits: await overview.creditsSpent(new Date(Math.floor(now / dayMs) * dayMs)),
      }
    })
  }

  return async caller => {
    const now = clock.now()
    const [states, known] = await Promise.all([parts(), read(caller, now).catch(unlessAway)])
    const models = serving.states(everyone)
    const failed = models.flatMap(failureOf)
    return {
      at: new Date(now).toISOString(),
      started_at: new Date(startedAt).toISOString(),
      version,
      environment,
      parts: states,
      window_seconds: windowMs / 1000,
      ...rates(known?.points ?? [], known?.times ?? [], sampleMs),
      models: models.map(modelState),
      failures: [...failed.slice(0, mostFailures), ...(known?.failures ?? [])],
      credits_today: known?.credits ?? null,
    }
  }
}

function unlessAway(error: unknown): undefined {
  if (isProblem(error) && error.code === 'database-unavailable') return undefined
  throw error
}

function rates(points: readonly Point[], times: readonly PointTimes[], sampleMs: number) {
  const sum = (value: (point: Point) => number | null) =>
    points.reduce((total, point) => total + (value(point) ?? 0), 0)
  const minutes = (sum(point => point.slots) * sampleMs) / 60_000
  const counts = times.flatMap(({ bucket, count }) =>
    bucket.map((b, i) => ({ bucket: b, count: count[i] ?? 0 })),
  )
  const last = points.at(-1)
  const looked = sum(point => point.cache_hits) + sum(point => point.cache_misses)
  return {
    requests_per_minute: share(
      sum(point => point.requests),
      minutes,
    ),
    predictions_per_minute: share(
      sum(point => point.predictions),
      minutes,
    ),
    latency_p50_ms: latencyQuantile(counts, 0.5),
    latency_p95_ms: latencyQuantile(counts, 0.95),
    latency_p99_ms: latencyQuantile(counts, 0.99),
    error_rate: share(
      sum(point => point.server_errors),
      sum(point => point.requests),
    ),
    cache_hit_rate: share(
      sum(point => point.cache_hits),
      looked,
    ),
    queue_waiting: last?.queue_waiting ?? null,
    queue_oldest_seconds: last?.queue_oldest_seconds ?? null,
    runs_active: last?.runs_active ?? null,
    processes: last?.processes ?? null,
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function modelState({ model, state }: ServedState): AdminOverview['models'][number] {
  const { id, name, version } = model
  const states = { absent: 'unloaded', loading: 'loading', warm: 'ready', failed: 'failed' } as const
  return {
    id,
    name,
    version,
    state: states[state.tag],
    load_ms: state.tag === 'warm' ? Math.round(state.loaded.loadMs) : null,
  }
}

function failureOf({ model, state }: ServedState): RecentFailure[] {
  if (state.tag !== 'failed') return []
  return [
    {
      kind: 'model',
      id: model.id,
      name: modelLabel(model),
      reason: state.reason,
      at: null,
      request_id: null,
    },
  ]
}
