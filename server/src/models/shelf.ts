import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { LoadedModel, Loader } from './loader.ts'
import { isRequired, type Model, type ModelIdentity, modelLabel } from './model.ts'

export type ShelfState =
  | { tag: 'absent' }
  | { tag: 'loading'; since: number; done: Promise<void> }
  | { tag: 'warm'; since: number; loaded: LoadedModel }
  | { tag: 'failed'; since: number; reason: string; attempts: number; retryAt: number }

/**
 * The warm models. Loads on demand or ahead of it, forgets what is idle, tries again what failed. What is not required
 * has a ceiling together: beyond it the least recently used go, so that no user's uploads take the memory of all.
 */
export type Shelf = {
  state(id: string): ShelfState
  /** The warm model, or undefined. Marks it as used. */
  get(id: string): LoadedModel | undefined
  /** Starts loading unless it is warm, loading, or failed a moment ago. Fulfils when that is settled, either way. */
  ensure(model: Model): Promise<void>
  /**
   * Loads now, whatever failed before. The old session serves until the new one is warm, and stays if it fails.
   * @throws what the loader throws.
   */
  reload(model: Model): Promise<LoadedModel>
  /** Takes over a model that was loaded while it was validated. */
  put(loaded: LoadedModel): void
  /** Fulfils when what was accepted has been answered and the memory is free. */
  drop(id: string): Promise<void>
  warm(): LoadedModel[]
  /** Milliseconds since the epoch each model last answered, since the last call of this. */
  takeUsed(): Map<string, number>
  /** Drops what has been idle for its time to live, loads again what ended by itself, tries again what is due. Called every second. */
  tend(isWanted: (id: string) => Model | undefined, isPinned: (id: string) => boolean): void
  close(): Promise<void>
}

export function createShelf(dependencies: {
  loader: Loader
  clock: Clock
  log: Log
  idleSeconds: number
  /** Ceiling of the warm models that are not required, by the size of their files, once per session. */
  memoryBytes: number
  /** Names of the house. Their versions are not counted and not dropped. */
  required: readonly string[]
}): Shelf {
  const { loader, clock, log, idleSeconds, memoryBytes, required } = dependencies
  const states = new Map<string, ShelfState>()
  const lastUsedAt = new Map<string, number>()
  let used = new Map<string, number>()
  const closing = new Set<Promise<void>>()
  const loads = new Set<Promise<unknown>>()
  let closed = false

  function state(id: string): ShelfState {
    return states.get(id) ?? { tag: 'absent' }
  }

  function retire(loaded: LoadedModel): Promise<void> {
    const freed = loaded
      .close()
      .catch(error => log.error('model-close-fail', { model: modelLabel(loaded.source), err: error }))
    closing.add(freed)
    return freed.finally(() => closing.delete(freed))
  }

  /** A load outlives whoever asked for it: closing has to wait for it. */
  function track<Result>(load: Promise<Result>): Promise<Result> {
    loads.add(load)
    const forget = () => loads.delete(load)
    load.then(forget, forget)
    return load
  }

  function put(loaded: LoadedModel): void {
    if (closed) return void retire(loaded)
    const before = state(loaded.source.id)
    makeRoom(loaded.source, loaded.sizeBytes)
    states.set(loaded.source.id, { tag: 'warm', since: clock.now(), loaded })
    lastUsedAt.set(loaded.source.id, clock.now())
    if (before.tag === 'warm') void retire(before.loaded)
  }

  /**
   * Before a load, so that the memory is there, and after it, when the number of sessions is known and others have been
   * loaded beside it. One model that is larger than the ceiling is loaded all the same, alone.
   */
  function makeRoom(model: ModelIdentity, sizeBytes: number): void {
    if (isRequired(model, required)) return
    const others = [...states.values()]
      .flatMap(now => (now.tag === 'warm' ? now : []))
      .filter(({ loaded: { source } }) => source.id !== model.id && !isRequired(source, required))
      .sort((a, b) => usedAt(a) - usedAt(b))
    let bytes = others.reduce((sum, { loaded }) => sum + loaded.sizeBytes, sizeBytes)
    for (const { loaded } of others) {
      if (bytes <= memoryBytes) return
      bytes -= loaded.sizeBytes
      log.info('model-unload', { model: modelLabel(loaded.source), reason: 'memory' })
      void drop(loaded.source.id)
    }
  }

  function usedAt({ loaded, since }: Extract<ShelfState, { tag: 'warm' }>): number {
    return lastUsedAt.get(loaded.source.id) ?? since
  }

  function load(model: Model): Promise<LoadedModel> {
    makeRoom(model, model.file_size_bytes ?? 0)
    return loader.load(model)
  }

  function ensure(model: Model): Promise<void> {
    const before = state(model.id)
    if (before.tag === 'warm' || closed) return Promise.resolve()
    if (before.tag === 'loading') return before.done
    if (before.tag === 'failed' && clock.now() < before.retryAt) return Promise.resolve()
    const attempts = before.tag === 'failed' ? before.attempts : 0
    const done = load(model).then(
      loaded => {
        // Dropped in the meantime: nobody wants it any more.
        if (states.get(model.id) !== loading) return void retire(loaded)
        put(loaded)
      },
      error => {
        if (states.get(model.id) === loading) fail(model, error, attempts + 1)
      },
    )
    const loading: ShelfState = { tag: 'loading', since: clock.now(), done }
    states.set(model.id, loading)
    return track(done)
  }

  async function reload(model: Model): Promise<LoadedModel> {
    const loaded = await load(model).catch((error: unknown) => {
      const { tag } = state(model.id)
      if (tag === 'absent' || tag === 'failed') fail(model, error, 1)
      throw error
    })
    put(loaded)
    return loaded
  }

  function fail(model: Model, error: unknown, attempts: number): void {
    const reason = isProblem(error) ? error.message : 'The model could not be loaded; the log says why.'
    const waitMs = backoffMs(attempts, 1000, 60_000)
    states.set(model.id, {
      tag: 'failed',
      since: clock.now(),
      reason,
      attempts,
      retryAt: clock.now() + waitMs,
    })
    log.error('model-load-fail', { model: modelLabel(model), attempts, retry_ms: waitMs, reason, err: error })
  }

  async function drop(id: string): Promise<void> {
    const before = state(id)
    states.delete(id)
    lastUsedAt.delete(id)
    if (before.tag === 'warm') await retire(before.loaded)
  }

  function lose(id: string, loaded: LoadedModel): undefined {
    log.error('model-session-lost', { model: modelLabel(loaded.source) })
    void drop(id)
  }

  return {
    state,
    ensure,
    put,
    drop,
    get(id) {
      const now = state(id)
      if (now.tag !== 'warm') return undefined
      if (!now.loaded.alive()) return lose(id, now.loaded)
      const at = clock.now()
      lastUsedAt.set(id, at)
      used.set(id, at)
      return now.loaded
    },
    reload: model => track(reload(model)),
    warm: () => [...states.values()].flatMap(now => (now.tag === 'warm' ? now.loaded : [])),
    takeUsed() {
      const taken = used
      used = new Map()
      return taken
    },
    tend(isWanted, isPinned) {
      const at = clock.now()
      for (const [id, now] of states) {
        const model = isWanted(id)
        if (!model) void drop(id)
        else if (now.tag === 'warm' && !now.loaded.alive()) {
          lose(id, now.loaded)
          void ensure(model)
        } else if (now.tag === 'failed' && at >= now.retryAt) void ensure(model)
        else if (now.tag === 'warm' && !isPinned(id) && at - usedAt(now) > idleSeconds * 1000) {
          log.info('model-unload', { model: modelLabel(model), reason: 'idle', idle_s: idleSeconds })
          void drop(id)
        }
      }
    },
    async close() {
      closed = true
      await Promise.all([...states.keys()].map(drop))
      await Promise.allSettled(loads)
      await Promise.all(closing)
    },
  }
}

/** What a caller hears while a model is not warm. */
export function notLoaded(model: Model, now: ShelfState): Problem {
  if (now.tag === 'failed') {
    return new Problem('model-not-loaded', `Model ${modelLabel(model)} could not be loaded: ${now.reason}`, {
      retryAfterSeconds: 5,
    })
  }
  return new Problem(
    'model-not-loaded',
    `Model ${modelLabel(model)} is not loaded yet. Try again in a few seconds.`,
    { retryAfterSeconds: 2 },
  )
}
