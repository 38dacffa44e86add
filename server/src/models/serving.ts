import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Catalogue } from './catalogue.ts'
import type { LoadedModel } from './loader.ts'
import { type Model, modelLabel } from './model.ts'
import { notLoaded, type Shelf, type ShelfState } from './shelf.ts'
import type { ModelStore } from './store.ts'

/** Which version a caller means: one row, or a name with or without a version. */
export type ModelTarget = { id: string } | { name: string; version?: string | undefined }

export type ServedState = { model: Model; state: ShelfState; required: boolean; serves: boolean }

/** Finds the warm model that answers a call, and keeps the right ones warm. */
export type Serving = {
  /**
   * The warm model, synchronously when it is there. A model that is not warm starts to load, and the call waits for it
   * a moment before it gives up.
   * @throws Problem `model-not-found`, `model-state`, `model-not-loaded`.
   */
  find(target: ModelTarget): LoadedModel | Promise<LoadedModel>
  /** The row a name or id stands for, without loading anything. @throws Problem `model-not-found`. */
  row(target: ModelTarget): Model | Promise<Model>
  /** Loads the required models, then the others, the last used first, up to `preloadBytes`. */
  preload(): Promise<void>
  /** Why requests should not be sent here yet; empty when every required model has a warm version. */
  reasons(): string[]
  states(): ServedState[]
  isWarm(model: Model): boolean
  tend(): Promise<void>
}

/** How exact `last_used_at` is: it orders the preloading of the next start. */
const touchMs = 60_000

/** How long a call waits for a model that is being loaded: most small models are warm by then. */
const loadWaitMs = 3000

export function createServing(dependencies: {
  catalogue: Catalogue
  shelf: Shelf
  store: ModelStore
  clock: Clock
  log: Log
  /** Names that must have a warm version before this process is ready. */
  required: readonly string[]
  preloadBytes: number
}): Serving {
  const { catalogue, shelf, store, clock, log, required, preloadBytes } = dependencies
  let touchedAt = clock.now()

  /** Versions of a name that may be in memory, newest first. */
  function usableVersions(name: string): Model[] {
    return catalogue.readyVersions(name).filter(model => !model.unloaded)
  }

  /** The newest warm version of a name; when a newer one is not warm it is asked for, and the older serves until it is. */
  function warmVersion(name: string): LoadedModel | undefined {
    let newest = true
    for (const model of catalogue.readyVersions(name)) {
      if (model.unloaded) continue
      const loaded = shelf.get(model.id)
      if (loaded && !newest) keepWarm(name)
      if (loaded) return loaded
      newest = false
    }
    return undefined
  }

  /** Has the newest version loaded, and one before it only where the newer ones have failed. */
  function keepWarm(name: string): void {
    for (const model of usableVersions(name)) {
      void shelf.ensure(model)
      if (shelf.state(model.id).tag !== 'failed') return
    }
  }

  function find(target: ModelTarget): LoadedModel | Promise<LoadedModel> {
    if ('id' in target) {
      const loaded = shelf.get(target.id)
      if (loaded && catalogue.byId(target.id)?.status === 'ready') return loaded
    } else if (target.version === undefined) {
      const loaded = warmVersion(target.name)
      if (loaded) return loaded
    } else {
      const model = catalogue.version(target.name, target.version)
      const loaded = model?.status === 'ready' ? shelf.get(model.id) : undefined
      if (loaded) return loaded
    }
    return load(target)
  }

  async function load(target: ModelTarget): Promise<LoadedModel> {
    const model = await row(target)
    if (model.status !== 'ready') {
      throw new Problem(
        'model-state',
        `Model ${modelLabel(model)} cannot predict: its status is ${model.status}.`,
      )
    }
    const versions = 'name' in target && target.version === undefined ? usableVersions(model.name) : []
    if (model.unloaded && versions.length === 0) {
      throw new Problem(
        'model-not-loaded',
        `Model ${modelLabel(model)} was unloaded. Load it by POST /v2/repository/models/${model.name}/load.`,
        {
          retryAfterSeconds: 30,
        },
      )
    }
    const timeUp = new Promise<void>(resolve => clock.after(loadWaitMs, resolve))
    const candidates = versions.length > 0 ? versions : [model]
    for (const candidate of candidates) {
      await Promise.race([shelf.ensure(candidate), timeUp])
      const loaded = shelf.get(candidate.id)
      if (loaded) return loaded
      const now = shelf.state(candidate.id)
      // Only where a version is broken does the one before it take its place.
      if (now.tag !== 'failed') throw notLoaded(candidate, now)
    }
    const newest = candidates[0] ?? model
    throw notLoaded(newest, shelf.state(newest.id))
  }

  function row(target: ModelTarget): Model | Promise<Model> {
    const known =
      'id' in target
        ? catalogue.byId(target.id)
        : target.version === undefined
          ? catalogue.readyVersions(target.name)[0]
          : catalogue.version(target.name, target.version)
    return known ?? rowFromStore(target)
  }

  /** Not in the catalogue: not servable, or written by another replica a moment ago. */
  async function rowFromStore(target: ModelTarget): Promise<Model> {
    if ('id' in target) {
      const model = await store.byId(target.id)
      if (model) return model
      throw new Problem('model-not-found', `There is no model with the id ${target.id}.`)
    }
    const versions = await store.list({ name: target.name, limit: 1000 })
    const ready = versions.find(model => model.status === 'ready')
    const model =
      target.version === undefined
        ? (ready ?? versions[0])
        : versions.find(version => version.version === target.version)
    if (model) return model
    throw new Problem(
      'model-not-found',
      versions.length === 0 || target.version === undefined
        ? `There is no model named ${target.name}.`
        : `Model ${target.name} has no version ${target.version}. It has ${versions
            .slice(0, 10)
            .map(version => version.version)
            .join(', ')}.`,
    )
  }

  function serving(name: string): Model | undefined {
    const versions = usableVersions(name)
    return versions.find(model => shelf.state(model.id).tag === 'warm') ?? versions[0]
  }

  function isPinned(id: string): boolean {
    const model = catalogue.byId(id)
    return model !== undefined && required.includes(model.name) && serving(model.name)?.id === id
  }

  return {
    find,
    row,
    isWarm: model => shelf.state(model.id).tag === 'warm',
    async preload() {
      const newest = catalogue.names().flatMap(name => serving(name) ?? [])
      const isRequired = (model: Model) => required.includes(model.name)
      const lastUsed = (model: Model) => (model.last_used_at ?? model.created_at).getTime()
      const order = newest.sort(
        (a, b) => Number(isRequired(b)) - Number(isRequired(a)) || lastUsed(b) - lastUsed(a),
      )
      let bytes = 0
      const chosen = order.filter(model => {
        const sizeBytes = model.file_size_bytes ?? 0
        if (!isRequired(model) && bytes + sizeBytes > preloadBytes) return false
        bytes += sizeBytes
        return true
      })
      await Promise.all(chosen.map(model => shelf.ensure(model)))
    },
    reasons() {
      return required.flatMap(name => {
        const versions = catalogue.readyVersions(name)
        if (versions.some(model => shelf.state(model.id).tag === 'warm')) return []
        const newest = usableVersions(name)[0] ?? versions[0]
        if (!newest) return [`Required model ${name} does not exist: no version of it is ready.`]
        const now = shelf.state(newest.id)
        if (newest.unloaded) return [`Required model ${name} was unloaded.`]
        return [
          now.tag === 'failed'
            ? `Required model ${modelLabel(newest)} failed to load: ${now.reason}`
            : `Required model ${modelLabel(newest)} is loading.`,
        ]
      })
    },
    states() {
      return catalogue.all().flatMap(model => {
        if (model.status !== 'ready') return []
        const serves = serving(model.name)?.id === model.id
        return [{ model, state: shelf.state(model.id), required: required.includes(model.name), serves }]
      })
    },
    async tend() {
      shelf.tend(id => {
        const model = catalogue.byId(id)
        return model?.status === 'ready' && !model.unloaded ? model : undefined
      }, isPinned)
      for (const name of required) keepWarm(name)
      if (clock.now() - touchedAt < touchMs) return
      touchedAt = clock.now()
      await store.touch(shelf.takeUsed()).catch(error => log.warn('model-touch-fail', { err: error }))
    },
  }
}
