import type { Health as HealthSummary, ModelHealth, WorkersHealth } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import type { ServedState, Serving } from '../models/serving.ts'
import type { Cache } from '../ports/cache.ts'
import type { DatabaseHealth } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'

export type Readiness = { reasons: string[]; degraded: string[] }

export type Health = {
  /** `reasons` says why this process should get no requests; `degraded` what is missed but not needed. */
  readiness(): Promise<Readiness>
  summary(): Promise<HealthSummary>
  workers(): Promise<WorkersHealth>
  /** From now on not ready: the process is about to stop. */
  stop(): void
}

/** Probes come from several sides; one look at the database serves all within this time. */
const databaseLookMs = 250
/** A run this long is not slow but stuck; a thread cannot be killed, so the model says so. */
const stuckMs = 60_000

export function createHealth(dependencies: {
  checkDatabase: () => Promise<DatabaseHealth>
  /** Names of migrations that this program needs and the database lacks. */
  pendingMigrations: () => Promise<readonly string[]>
  serving: Serving
  cache: Cache
  files: FileStore
  clock: Clock
  version: string
  environment: string
}): Health {
  const { checkDatabase, pendingMigrations, serving, cache, files, clock, version, environment } =
    dependencies
  let stopping = false
  let migrated = false
  let look: { at: number; result: Promise<DatabaseHealth> } | undefined

  function database(): Promise<DatabaseHealth> {
    if (!look || clock.now() - look.at > databaseLookMs) look = { at: clock.now(), result: checkDatabase() }
    return look.result
  }

  async function migrationReasons(): Promise<string[]> {
    if (migrated) return []
    const pending = await pendingMigrations().catch(() => undefined)
    if (!pending) return ['Whether migrations are pending could not be read.']
    migrated = pending.length === 0
    return migrated ? [] : [`Migrations are pending: ${pending.join(', ')}.`]
  }

  async function readiness(): Promise<Readiness> {
    if (stopping) return { reasons: ['The process is stopping.'], degraded: [] }
    const reasons: string[] = []
    const answer = await database()
    if (answer.ok) reasons.push(...(await migrationReasons()))
    else reasons.push(answer.reason)
    reasons.push(...serving.reasons())
    const backend = cache.health()
    const degraded: string[] = backend.ok ? [] : [backend.kind]
    for (const { model, state } of serving.states()) {
      if (state.tag === 'failed') degraded.push(`model ${model.name}@${model.version}: ${state.reason}`)
      else if (state.tag === 'warm' && state.loaded.runningMs() > stuckMs)
        degraded.push(
          `model ${model.name}@${model.version}: a run has not ended for ${Math.round(state.loaded.runningMs() / 1000)} s`,
        )
    }
    return { reasons, degraded }
  }

  return {
    readiness,
    stop() {
      stopping = true
    },
    async summary() {
      const [{ reasons, degraded }, answer, storage] = await Promise.all([
        readiness(),
        database(),
        files.check().then(
          () => true,
          () => false,
        ),
      ])
      const backend = cache.health()
      return {
        status: reasons.length > 0 || !storage ? 'unavailable' : degraded.length > 0 ? 'degraded' : 'healthy',
        database: answer.ok ? 'healthy' : 'unavailable',
        redis: backend.kind === 'memory' ? 'not-configured' : backend.ok ? 'healthy' : 'unavailable',
        workers: 'not-configured',
        storage: storage ? 'healthy' : 'unavailable',
        version,
        environment,
        timestamp: new Date(clock.now()).toISOString(),
        models: serving.states().map(modelHealth),
      }
    },
    async workers() {
      return { status: 'not-configured', workers: [], queue_depth: 0 }
    },
  }
}

function modelHealth({ model, state, required }: ServedState): ModelHealth {
  const states = { absent: 'unloaded', loading: 'loading', warm: 'ready', failed: 'failed' } as const
  return {
    name: model.name,
    version: model.version,
    state: states[state.tag],
    required,
    load_ms: state.tag === 'warm' ? Math.round(state.loaded.loadMs) : null,
    reason:
      state.tag === 'failed'
        ? state.reason
        : state.tag === 'absent' && model.unloaded
          ? 'unloaded on request'
          : null,
  }
}
