import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { type Families, type Family, groupFamilies, isHouseClaim } from './family.ts'
import type { Model } from './model.ts'
import type { ModelStore } from './store.ts'

/** Bus topic; the message is the id of a model that was created, changed or removed. */
export const modelsChanged = 'models-changed'

/**
 * The servable versions (ready or archived) in memory, so that a prediction asks no database. Kept true by the bus,
 * and by reading everything again after a gap and every `refreshMs`.
 */
export type Catalogue = {
  byId(id: string): Model | undefined
  /** Those of a name, whoever may see them. */
  families(name: string): Families | undefined
  /** Whether the house has a version of this name, of any status, that is more than private. */
  isHouseName(name: string): boolean
  /** The one that a model belongs to. */
  familyOf(model: Pick<Model, 'name' | 'owner_id'>): Family | undefined
  allFamilies(): Family[]
  /** Newest first. */
  all(): Model[]
  refresh(): Promise<void>
  /** Takes in what this process has just written, then tells the others. */
  changed(id: string, model: Model | null): Promise<void>
  close(): void
}

const refreshMs = 30_000

export function createCatalogue(dependencies: {
  store: ModelStore
  bus: Bus
  log: Log
  /** Called on every replica when a version can no longer be served, also when its owner's account is removed. */
  onGone?: (model: Model) => void
}): Catalogue {
  const { store, bus, log, onGone } = dependencies
  const byId = new Map<string, Model>()
  let byName = new Map<string, Families>()
  /** Id -> name. */
  const houseClaims = new Map<string, string>()
  let houseNames = new Set<string>()
  let changes = 0
  let questions = 0
  /** How many had been asked at the refresh before. */
  let askedBefore = 0
  /** Per id the number of the last question whose answer was taken in. */
  const answered = new Map<string, number>()

  /**
   * Answers may come back in the other order than they were asked for. The one asked for last is the truth, because a
   * row is read anew after each of its changes; times in the rows would say nothing of a removed one.
   */
  function take(id: string, model: Model | null, question: number): void {
    if (question < (answered.get(id) ?? 0)) return
    answered.set(id, question)
    changes += 1
    const before = byId.get(id)
    forget(id)
    if (model) keep(model)
    index()
    if (before && !byId.has(id)) onGone?.(before)
  }

  function forget(id: string): void {
    byId.delete(id)
    houseClaims.delete(id)
  }

  function keep(model: Model): void {
    if (model.status === 'ready' || model.status === 'archived') byId.set(model.id, model)
    if (isHouseClaim(model)) houseClaims.set(model.id, model.name)
  }

  function index(): void {
    byName = groupFamilies(byId.values())
    houseNames = new Set(houseClaims.values())
  }

  async function refresh(): Promise<void> {
    const before = changes
    const models = await store.listCatalogue()
    // What changed while the list was read may be missing from it.
    if (changes !== before) return refresh()
    const known = [...byId.values()]
    byId.clear()
    houseClaims.clear()
    for (const model of models) keep(model)
    index()
    for (const model of known) if (!byId.has(model.id)) onGone?.(model)
    forgetAnswers()
  }

  /** Of removed models, once no answer about them can be under way any more: a query ends within 3 s. */
  function forgetAnswers(): void {
    for (const [id, question] of answered) if (!byId.has(id) && question <= askedBefore) answered.delete(id)
    askedBefore = questions
  }

  function refreshQuietly(): void {
    refresh().catch(error => log.warn('catalogue-refresh-fail', { err: error }))
  }

  const stopListening = bus.subscribe(modelsChanged, id => {
    const question = ++questions
    store
      .byId(id)
      .then(model => take(id, model, question))
      .catch(error => log.warn('catalogue-refresh-fail', { err: error }))
  })
  const stopGaps = bus.onGap(refreshQuietly)
  const timer = setInterval(refreshQuietly, refreshMs).unref()

  return {
    byId: id => byId.get(id),
    families: name => byName.get(name),
    isHouseName: name => houseNames.has(name),
    familyOf: ({ name, owner_id }) => byName.get(name)?.get(owner_id),
    allFamilies: () => [...byName.values()].flatMap(families => [...families.values()]),
    all: () => [...byId.values()].sort((a, b) => b.number - a.number),
    refresh,
    async changed(id, model) {
      take(id, model, ++questions)
      // The row is committed; a replica that does not hear of it now reads it at its next refresh.
      await bus.publish(modelsChanged, id).catch(error => log.warn('bus-publish-fail', { err: error }))
    },
    close() {
      clearInterval(timer)
      stopListening()
      stopGaps()
    },
  }
}
