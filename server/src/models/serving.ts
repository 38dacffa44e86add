import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, maySee } from '../accounts/caller.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import { refuseUnpaid } from './access.ts'
import type { Catalogue } from './catalogue.ts'
import { type Family, familyFor, isMeantByName } from './family.ts'
import type { LoadedModel } from './loader.ts'
import { createLookup } from './lookup.ts'
import { isRequired, type Model, type ModelTarget, modelLabel } from './model.ts'
import { notLoaded, type Shelf, type ShelfState } from './shelf.ts'
import { createModelStore, type ModelTables } from './store.ts'

export type ServedState = { model: Model; state: ShelfState; required: boolean; serves: boolean }

/** Finds the warm model that answers a call, and keeps the right ones warm. */
export type Serving = {
  /**
   * The warm model that answers this caller, synchronously when it is there. A model that is not warm starts to load,
   * and the call waits for it a moment before it gives up.
   * @throws Problem `model-not-found`, `unauthenticated`, `model-state`, `model-not-loaded`.
   */
  find(caller: Caller, target: ModelTarget): LoadedModel | Promise<LoadedModel>
  /**
   * The row a name or id stands for, without loading anything.
   * @throws Problem `model-not-found`, `unauthenticated`.
   */
  row(caller: Caller, target: ModelTarget): Model | Promise<Model>
  /** What the names stand for that the caller may use, the newest first: the newest ready version of each. */
  named(caller: Caller): Model[]
  /** Loads the required models, then the others, the last used first, up to `preloadBytes`. */
  preload(): Promise<void>
  /** Why requests should not be sent here yet; empty when every required model has a warm version. */
  reasons(): string[]
  /** The ready versions that the caller may see, newest first. */
  states(caller: Caller): ServedState[]
  isWarm(model: Model): boolean
  /** Credits of one call, as of now; nothing for a model that is gone. */
  price(id: string): number
  tend(): Promise<void>
}

/** How exact `last_used_at` is: it orders the preloading of the next start. */
const touchMs = 60_000

/** How long a call waits for a model that is being loaded: most small models are warm by then. */
const loadWaitMs = 3000

export function createServing(dependencies: {
  catalogue: Catalogue
  shelf: Shelf
  database: Database<ModelTables>
  clock: Clock
  log: Log
  /** Names of the house that must have a warm version before this process is ready. */
  required: readonly string[]
  preloadBytes: number
}): Serving {
  const { catalogue, shelf, database, clock, log, required, preloadBytes } = dependencies
  const store = createModelStore(database.system)
  const { known, row } = createLookup({ catalogue, database })
  let touchedAt = clock.now()

  /**
   * The newest warm version that the name means for the caller; when a newer one is not warm it is asked for, and the
   * older serves until it is.
   */
  function warmVersion(caller: Caller, family: Family): LoadedModel | undefined {
    let newest = true
    for (const model of family.ready) {
      if (model.unloaded || !isMeantByName(caller, model)) continue
      const loaded = warmFor(caller, model)
      if (loaded && !newest) keepWarm(usableFor(caller, family))
      if (loaded) return loaded
      newest = false
    }
    return undefined
  }

  /** Whether the caller may see the model is known. */
  function warmFor(caller: Caller, model: Model): LoadedModel | undefined {
    const loaded = shelf.get(model.id)
    if (loaded) refuseUnpaid(caller, model)
    return loaded
  }

  function usableFor(caller: Caller, family: Family | undefined): Model[] {
    return usable(family).filter(model => isMeantByName(caller, model))
  }

  /** Has the newest of these versions loaded, and one before it only where the newer ones have failed. */
  function keepWarm(versions: readonly Model[]): void {
    for (const model of versions) {
      void shelf.ensure(model)
      if (shelf.state(model.id).tag !== 'failed') return
    }
  }

  function find(caller: Caller, target: ModelTarget): LoadedModel | Promise<LoadedModel> {
    let loaded: LoadedModel | undefined
    if ('id' in target || target.version !== undefined) {
      const model = known(caller, target)
      if (model?.status === 'ready') loaded = warmFor(caller, model)
    } else {
      const family = familyFor(caller, catalogue.families(target.name), catalogue.isHouseName)
      if (family) loaded = warmVersion(caller, family)
    }
    return loaded ?? load(caller, target)
  }

  async function load(caller: Caller, target: ModelTarget): Promise<LoadedModel> {
    const model = await row(caller, target)
    if (model.status !== 'ready') {
      throw new Problem(
        'model-state',
        `Model ${modelLabel(model)} cannot predict: its status is ${model.status}.`,
      )
    }
    const byName = 'name' in target && target.version === undefined
    const versions = byName ? usableFor(caller, catalogue.familyOf(model)) : []
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
      refuseUnpaid(caller, candidate)
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

  function serving(family: Family | undefined): Model | undefined {
    const versions = usable(family)
    return versions.find(model => shelf.state(model.id).tag === 'warm') ?? versions[0]
  }

  function ofHouse(name: string): Family | undefined {
    return catalogue.familyOf({ name, owner_id: null })
  }

  function isPinned(id: string): boolean {
    const model = catalogue.byId(id)
    return model !== undefined && isRequired(model, required) && serving(catalogue.familyOf(model))?.id === id
  }

  return {
    find,
    row,
    price: id => catalogue.byId(id)?.price ?? 0,
    named(caller) {
      const names = new Set(catalogue.all().map(({ name }) => name))
      return [...names].flatMap(name => known(caller, { name }) ?? [])
    },
    isWarm: model => shelf.state(model.id).tag === 'warm',
    async preload() {
      const newest = catalogue.allFamilies().flatMap(family => serving(family) ?? [])
      const lastUsed = (model: Model) => (model.last_used_at ?? model.created_at).getTime()
      const order = newest.sort(
        (a, b) =>
          Number(isRequired(b, required)) - Number(isRequired(a, required)) || lastUsed(b) - lastUsed(a),
      )
      let bytes = 0
      const chosen = order.filter(model => {
        const sizeBytes = model.file_size_bytes ?? 0
        if (!isRequired(model, required) && bytes + sizeBytes > preloadBytes) return false
        bytes += sizeBytes
        return true
      })
      await Promise.all(chosen.map(model => shelf.ensure(model)))
    },
    reasons() {
      return required.flatMap(name => {
        const family = ofHouse(name)
        if (family?.ready.some(model => shelf.state(model.id).tag === 'warm')) return []
        const newest = usable(family)[0] ?? family?.ready[0]
        if (!newest)
          return [
            `Required model ${name} does not exist: no version of it, uploaded with the service-role key, is ready.`,
          ]
        const now = shelf.state(newest.id)
        if (newest.unloaded) return [`Required model ${name} was unloaded.`]
        return [
          now.tag === 'failed'
            ? `Required model ${modelLabel(newest)} failed to load: ${now.reason}`
            : `Required model ${modelLabel(newest)} is loading.`,
        ]
      })
    },
    states(caller) {
      return catalogue.all().flatMap(model => {
        if (model.status !== 'ready' || !maySee(caller, model)) return []
        const serves = serving(catalogue.familyOf(model))?.id === model.id
        return [{ model, state: shelf.state(model.id), required: isRequired(model, required), serves }]
      })
    },
    async tend() {
      shelf.tend(id => {
        const model = catalogue.byId(id)
        return model?.status === 'ready' && !model.unloaded ? model : undefined
      }, isPinned)
      for (const name of required) keepWarm(usable(ofHouse(name)))
      if (clock.now() - touchedAt < touchMs) return
      touchedAt = clock.now()
      await store.touch(shelf.takeUsed()).catch(error => log.warn('model-touch-fail', { err: error }))
    },
  }
}

/** Versions that may be in memory, newest first. */
function usable(family: Family | undefined): Model[] {
  return family ? family.ready.filter(model => !model.unloaded) : []
}
