import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Database } from '../ports/database.ts'
import { isAdministrative, manageable } from './access.ts'
import type { Catalogue } from './catalogue.ts'
import { type Model, modelLabel } from './model.ts'
import type { Serving } from './serving.ts'
import type { Shelf } from './shelf.ts'
import { createModelStore, type ModelTables } from './store.ts'

type Dependencies = {
  database: Database<ModelTables>
  shelf: Shelf
  catalogue: Catalogue
  serving: Serving
}

/** Loads again now; the version that serves goes on until the new session is warm, and stays when it fails. */
export async function loadOnRequest(
  dependencies: Dependencies,
  caller: Caller,
  name: string,
): Promise<Model> {
  const { serving, shelf, catalogue } = dependencies
  const model = manageable(caller, await serving.row(caller, { name }))
  if (model.status !== 'ready')
    throw new Problem(
      'model-state',
      `Model ${modelLabel(model)} cannot be loaded: its status is ${model.status}.`,
    )
  await shelf.reload(model)
  const versions = catalogue.familyOf(model)?.ready ?? []
  await setUnloaded(
    dependencies,
    caller,
    model,
    versions.filter(version => version.unloaded),
    false,
  )
  return model
}

/** Takes every version of the name out of memory, on every replica, until it is loaded again. */
export async function unloadOnRequest(
  dependencies: Dependencies,
  caller: Caller,
  name: string,
): Promise<void> {
  const { serving, shelf, catalogue } = dependencies
  const model = manageable(caller, await serving.row(caller, { name }))
  const versions = catalogue.familyOf(model)?.ready ?? []
  await setUnloaded(dependencies, caller, model, versions, true)
  // Runs that were accepted are finished behind the answer.
  for (const version of versions) void shelf.drop(version.id)
}

/** `versions` are of the family of `model`, which the caller may change. */
async function setUnloaded(
  { database, catalogue }: Dependencies,
  caller: Caller,
  { id, name, owner_id }: Model,
  versions: readonly Model[],
  unloaded: boolean,
): Promise<void> {
  const action = unloaded ? 'model-unload' : 'model-load'
  const changed = await database.as(caller, async (db, audit) => {
    const store = createModelStore(db)
    const models: Model[] = []
    for (const version of versions) {
      const model = await store.update(version.id, { unloaded }, ['ready'])
      if (model) models.push(model)
    }
    if (isAdministrative(caller, { owner_id }, action)) await audit(action, id, { model: name, owner_id })
    return models
  })
  for (const model of changed) await catalogue.changed(model.id, model)
}
