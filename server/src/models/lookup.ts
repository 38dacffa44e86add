import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, maySee } from '../accounts/caller.ts'
import type { Database } from '../ports/database.ts'
import { noModel } from './access.ts'
import type { Catalogue } from './catalogue.ts'
import { familyFor, isMeantByName, newestReady } from './family.ts'
import type { Model, ModelTarget } from './model.ts'
import { createModelStore, type ModelTables } from './store.ts'

/** Which row a caller means. What they may not see is not there. */
export type Lookup = {
  /** Without asking the database. */
  known(caller: Caller, target: ModelTarget): Model | undefined
  /** @throws Problem `model-not-found`, `unauthenticated`. */
  row(caller: Caller, target: ModelTarget): Model | Promise<Model>
  /** Every version of a name, whatever its status, newest first. @throws Problem `model-not-found`, `unauthenticated`. */
  versions(caller: Caller, name: string): Promise<Model[]>
}

export function createLookup({
  catalogue,
  database,
}: {
  catalogue: Catalogue
  database: Database<ModelTables>
}): Lookup {
  function known(caller: Caller, target: ModelTarget): Model | undefined {
    if ('id' in target) {
      const model = catalogue.byId(target.id)
      return model && maySee(caller, model) ? model : undefined
    }
    const family = familyFor(caller, catalogue.families(target.name), catalogue.isHouseName)
    if (!family) return undefined
    if (target.version === undefined) return newestReady(caller, family)
    const model = family.versions.get(target.version)
    return model && isMeantByName(caller, model) ? model : undefined
  }

  /** Not in the catalogue: not servable, not to be seen, or written by another replica a moment ago. */
  async function rowFromStore(caller: Caller, target: ModelTarget): Promise<Model> {
    if ('id' in target) {
      const model = await database.as(caller, db => createModelStore(db).byId(target.id))
      if (model && maySee(caller, model)) return model
      throw noModel(caller, target)
    }
    const rows = await versions(caller, target.name)
    const model =
      target.version === undefined
        ? (rows.find(({ status }) => status === 'ready') ?? rows[0])
        : rows.find(({ version }) => version === target.version)
    if (model) return model
    if (caller.role === 'anonymous') throw noModel(caller, target)
    const labels = rows.slice(0, 10).map(({ version }) => version)
    throw new Problem(
      'model-not-found',
      `Model ${target.name} has no version ${target.version}. It has ${labels.join(', ')}.`,
    )
  }

  async function versions(caller: Caller, name: string): Promise<Model[]> {
    const rows = await database.as(caller, db => createModelStore(db).family(name, caller))
    const visible = rows.filter(model => isMeantByName(caller, model))
    if (visible.length === 0) throw noModel(caller, { name })
    return visible
  }

  return {
    known,
    row: (caller, target) => known(caller, target) ?? rowFromStore(caller, target),
    versions,
  }
}
