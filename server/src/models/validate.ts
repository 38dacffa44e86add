import { isProblem, type ModelStatus, Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Database } from '../ports/database.ts'
import { changeModel, noModel } from './access.ts'
import type { Catalogue } from './catalogue.ts'
import type { LoadedModel, Loader } from './loader.ts'
import { type Model, modelLabel, toStoredSchema } from './model.ts'
import type { Shelf } from './shelf.ts'
import { createModelStore, type ModelChange, type ModelStore, type ModelTables } from './store.ts'

/** What the file proved to be. `model` is the row after it. */
export type Validation = { valid: boolean; model: Model }

/** A version that serves goes on serving while it is looked at again, and after it when the fault is not its own. */
export async function validateModel(
  dependencies: { database: Database<ModelTables>; loader: Loader; shelf: Shelf; catalogue: Catalogue },
  caller: Caller,
  id: string,
): Promise<Validation> {
  const { database, loader, shelf, catalogue } = dependencies
  const { before, during } = await changeModel(
    database,
    { caller, id, action: 'model-validate' },
    async (store, model) => ({
      before: model,
      during: model.status === 'ready' ? model : await claim(store, model),
    }),
  )
  const update = (change: ModelChange) =>
    database.as(caller, db => createModelStore(db).update(id, change, [during.status]))

  let loaded: LoadedModel | undefined
  let model: Model | null
  try {
    loaded = await loader.load(during)
    model = await update({ ...describeFile(loaded), status: 'ready', error: null, unloaded: false })
    if (!model) throw noModel(caller, { id })
  } catch (error) {
    await loaded?.close()
    return notValid(error)
  }
  shelf.put(loaded)
  await catalogue.changed(id, model)
  return { valid: true, model }

  /** What the file is to blame for becomes its status; after anything else it is what it was. @throws the error then. */
  async function notValid(error: unknown): Promise<Validation> {
    if (!isProblem(error) || (error.code !== 'invalid-model' && error.code !== 'hash-mismatch')) {
      // Should this fail too, the sweep does it.
      if (during.status === 'validating') await update({ status: before.status }).catch(() => {})
      throw error
    }
    const broken = await update({ status: 'error', error: error.message })
    if (!broken) throw error
    await catalogue.changed(id, broken)
    return { valid: false, model: broken }
  }
}

async function claim(store: ModelStore, before: Model): Promise<Model> {
  const from = ['uploaded', 'error'] as const satisfies ModelStatus[]
  const claimed = await store.update(before.id, { status: 'validating', error: null }, from)
  if (claimed) return claimed
  throw new Problem(
    'model-state',
    `Model ${modelLabel(before)} cannot be validated: its status is ${before.status}${before.status === 'pending' ? ', it has no file yet' : ''}.`,
  )
}

/** What a row says of a file that was loaded and warmed. */
export function describeFile(loaded: LoadedModel): ModelChange {
  return {
    format: loaded.facts.format,
    input_schema: toStoredSchema(loaded.signature.inputs),
    output_schema: toStoredSchema(loaded.signature.outputs),
    metadata: {
      properties: loaded.facts.properties,
      deterministic: loaded.facts.deterministic,
      executor: {
        place: loaded.plan.place,
        batching: loaded.plan.batching,
        max_batch_rows: loaded.plan.maxRows,
        note: loaded.plan.note,
        curve: loaded.plan.curve,
      },
    },
  }
}
