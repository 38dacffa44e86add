import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { type Model, modelLabel } from './model.ts'
import type { ModelStore } from './store.ts'

/** Bus topic; the message is the id of a model that was created, changed or removed. */
export const modelsChanged = 'models-changed'

/**
 * The servable versions (ready or archived) in memory, so that a prediction asks no database. Kept true by the bus,
 * and by reading everything again after a gap and every `refreshMs`.
 */
export type Catalogue = {
  byId(id: string): Model | undefined
  /** Ready versions of the name, newest first. */
  readyVersions(name: string): readonly Model[]
  version(name: string, version: string): Model | undefined
  names(): string[]
  all(): Model[]
  refresh(): Promise<void>
  /** Takes in what this process has just written, then tells the others. */
  changed(id: string, model: Model | null): Promise<void>
  close(): void
}

const refreshMs = 30_000

export function createCatalogue(dependencies: { store: ModelStore; bus: Bus; log: Log }): Catalogue {
  const { store, bus, log } = dependencies
  const byId = new Map<string, Model>()
  const byVersion = new Map<string, Model>()
  let byName = new Map<string, Model[]>()
  let changes = 0
  let questions = 0
  /** How many had been asked at the refresh before. */
  let askedBefore = 0
  /** Per id the number of the last question whose answer was taken in. */
  const answered = new Map<string, number>()

  function index(): void {
    byVersion.clear()
    for (const model of byId.values()) byVersion.set(modelLabel(model), model)
    byName = Map.groupBy(
      [...byId.values()].filter(model => model.status === 'ready').sort((a, b) => b.number - a.number),
      model => model.name,
    )
  }

  /**
   * Answers may come back in the other order than they were asked for. The one asked for last is the truth, because a
   * row is read anew after each of its changes; times in the rows would say nothing of a removed one.
   */
  function take(id: string, model: Model | null, question: number): void {
    if (question < (answered.get(id) ?? 0)) return
    answered.set(id, question)
    changes += 1
    if (model && (model.status === 'ready' || model.status === 'archived')) byId.set(id, model)
    else byId.delete(id)
    index()
  }

  async function refresh(): Promise<void> {
    const before = changes
    const models = await store.listServable()
    // What changed while the list was read may be missing from it.
    if (changes !== before) return refresh()
    byId.clear()
    for (const model of models) byId.set(model.id, model)
    index()
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
    readyVersions: name => byName.get(name) ?? [],
    version: (name, version) => byVersion.get(modelLabel({ name, version })),
    names: () => [...byName.keys()].sort(),
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
