import type { Health as HealthSummary, ModelHealth, WorkersHealth } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything, maySee, serviceCaller } from '../accounts/caller.ts'
import type { Presence } from '../jobs/presence/presence.ts'
import type { Clock } from '../kit/clock.ts'
import type { FetchTrouble, ModelFetcher } from '../models/fetch.ts'
import type { ServedState, Serving } from '../models/serving.ts'
import type { Cache } from '../ports/cache.ts'
import type { DatabaseHealth } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'

export type Readiness = { reasons: string[]; degraded: string[] }

export type Health = {
  /**
   * `reasons` says why this process should get no requests; `degraded` what is missed but not needed, of users' models
   * for administrators and the service-role key alone. Neither names a model that is not listed for who asks.
   */
  readiness(caller: Caller | undefined): Promise<Readiness>
  summary(caller: Caller | undefined): Promise<HealthSummary>
  /** The required models, and those that the caller may see; without a credential the public ones. */
  listed(caller: Caller | undefined): ServedState[]
  workers(): Promise<WorkersHealth>
  /** It is known which models there are: before, nobody can say that none is missing. */
  start(): void
  /** From now on not ready: the process is about to stop. */
  stop(): void
}

/** Whatever is wrong counts, also with models that who asks may not see. */
const everyone = serviceCaller('health')
/** Probes come from several sides and need no credential; one look serves all within this time. */
const lookMs = 250
/** A look at the file store writes a file, and anyone may ask. */
const storageLookMs = 5000
/** A database that hangs may hold back no answer about itself. */
const workersLookMs = 1000
/** A run this long is not slow but stuck; a thread cannot be killed, so the model says so. */
const stuckMs = 60_000

export function createHealth(dependencies: {
  checkDatabase: () => Promise<DatabaseHealth>
  /** Names of migrations that this program needs and the database lacks. */
  pendingMigrations: () => Promise<readonly string[]>
  serving: Serving
  fetcher: Pick<ModelFetcher, 'troubles'>
  cache: Cache
  files: FileStore
  presence: Pick<Presence, 'workers' | 'depths'>
  clock: Clock
  version: string
  environment: string
}): Health {
  const {
    checkDatabase,
    pendingMigrations,
    serving,
    fetcher,
    cache,
    files,
    presence,
    clock,
    version,
    environment,
  } = dependencies
  let started = false
  let stopping = false
  let migrated = false
  const database = lookAtMostEvery(lookMs, clock, checkDatabase)
  const states = lookAtMostEvery(lookMs, clock, () => serving.states(everyone))
  const workers = lookAtMostEvery(lookMs, clock, () => readWorkers(presence, clock))
  const storage = lookAtMostEvery(storageLookMs, clock, () =>
    files.check().then(
      () => true,
      () => false,
    ),
  )

  async function migrationReasons(): Promise<string[]> {
    if (migrated) return []
    const pending = await pendingMigrations().catch(() => undefined)
    if (!pending) return ['Whether migrations are pending could not be read.']
    migrated = pending.length === 0
    return migrated ? [] : [`Migrations are pending: ${pending.join(', ')}.`]
  }

  async function readiness(caller: Caller | undefined): Promise<Readiness> {
    if (stopping) return { reasons: ['The process is stopping.'], degraded: [] }
    if (!started) return { reasons: ['The server is starting.'], degraded: [] }
    const reasons: string[] = []
    const answer = await database()
    if (answer.ok) reasons.push(...(await migrationReasons()))
    else reasons.push(answer.reason)
    reasons.push(...serving.reasons())
    const unfetched = fetcher.troubles()
    reasons.push(...unfetched.filter(({ blocks }) => blocks).map(({ sentence }) => sentence))
    const backend = cache.health()
    const degraded: string[] = backend.ok ? [] : [backend.kind]
    for (const served of states()) {
      const trouble = concerns(served, caller) ? troubleOf(served) : undefined
      if (trouble) degraded.push(isListed(served, caller) ? trouble : 'a model')
    }
    for (const trouble of unfetched)
      if (!trouble.blocks) degraded.push(isTold(trouble, caller) ? trouble.sentence : 'a model')
    return { reasons, degraded: [...new Set(degraded)] }
  }

  function listed(caller: Caller | undefined): ServedState[] {
    return states().filter(served => isListed(served, caller))
  }

  return {
    readiness,
    listed,
    start() {
      started = true
    },
    stop() {
      stopping = true
    },
    async summary(caller) {
      const [{ reasons, degraded }, answer, working, writable] = await Promise.all([
        readiness(caller),
        database(),
        workers(),
        storage(),
      ])
      const backend = cache.health()
      return {
        status:
          reasons.length > 0 || !writable ? 'unavailable' : degraded.length > 0 ? 'degraded' : 'healthy',
        database: answer.ok ? 'healthy' : 'unavailable',
        redis: backend.kind === 'memory' ? 'not-configured' : backend.ok ? 'healthy' : 'unavailable',
        workers: working.status,
        storage: writable ? 'healthy' : 'unavailable',
        version,
        environment,
        timestamp: new Date(clock.now()).toISOString(),
        models: listed(caller).map(modelHealth),
      }
    },
    workers,
  }
}

/** Without a database nobody knows, and nobody works. */
async function readWorkers(
  presence: Pick<Presence, 'workers' | 'depths'>,
  clock: Clock,
): Promise<WorkersHealth> {
  const tooLate = Promise.withResolvers<never>()
  const stop = clock.after(workersLookMs, () => tooLate.reject(new Error('no answer')))
  try {
    const looks = Promise.all([presence.workers(), presence.depths()])
    const [live, depths] = await Promise.race([looks, tooLate.promise])
    return {
      status: live.length > 0 ? 'healthy' : 'unavailable',
      workers: live.map(({ id, seen_at }) => ({ id, last_seen_at: seen_at.toISOString() })),
      queue_depth: depths.reduce((sum, { waiting }) => sum + waiting, 0),
    }
  } catch {
    return { status: 'unavailable', workers: [], queue_depth: 0 }
  } finally {
    stop()
  }
}

/** A user's model that does not load is no trouble of the server: only who looks after all models is told. */
function concerns({ model, required }: ServedState, caller: Caller | undefined): boolean {
  return required || model.owner_id === null || (caller !== undefined && mayEverything(caller))
}

function isListed({ model, required }: ServedState, caller: Caller | undefined): boolean {
  return required || (caller ? maySee(caller, model) : model.visibility === 'public')
}

/** Who would not see the model is not told its name. */
function isTold({ model }: FetchTrouble, caller: Caller | undefined): boolean {
  const { visibility = 'users' } = model
  if (model.required || visibility === 'public') return true
  return caller !== undefined && maySee(caller, { owner_id: null, visibility })
}

/** One look serves everyone who asks within this time. */
function lookAtMostEvery<Result>(everyMs: number, clock: Clock, look: () => Result): () => Result {
  let last: { at: number; result: Result } | undefined
  return () => {
    if (!last || clock.now() - last.at > everyMs) last = { at: clock.now(), result: look() }
    return last.result
  }
}

function troubleOf({ model, state }: ServedState): string | undefined {
  const name = `model ${model.name}@${model.version}`
  if (state.tag === 'failed') return `${name}: ${state.reason}`
  if (state.tag !== 'warm' || state.loaded.runningMs() <= stuckMs) return undefined
  return `${name}: a run has not ended for ${Math.round(state.loaded.runningMs() / 1000)} s`
}

/** Of a version that is ready: whether this process has it in memory, and why not. */
export function modelHealth({ model, state, required }: ServedState): ModelHealth {
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
