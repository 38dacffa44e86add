import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayManage, maySee } from '../accounts/caller.ts'
import { isNotOwn, needsCredential, ownerOf } from '../accounts/ownership.ts'
import type { Database } from '../ports/database.ts'
import { type Model, type ModelTarget, modelLabel } from './model.ts'
import { createModelStore, type ModelStore, type ModelTables } from './store.ts'

/**
 * What is said of a model that is not there, and of one that the caller may not see: the same. Who has no credential
 * is asked for one, whatever there is.
 */
export function noModel(caller: Caller, target: ModelTarget): Problem {
  if (caller.role === 'anonymous') return needsCredential('Without a key or token only public models answer')
  return new Problem(
    'model-not-found',
    'id' in target
      ? `There is no model with the id ${target.id}.`
      : `There is no model named ${target.name}.`,
  )
}

/** @throws Problem `model-not-found`, `unauthenticated`. */
export function visible(caller: Caller, model: Model | null | undefined, target: ModelTarget): Model {
  if (model && maySee(caller, model)) return model
  throw noModel(caller, target)
}

/** @throws Problem `forbidden`, for a model that the caller may see. */
export function manageable(caller: Caller, model: Model): Model {
  if (mayManage(caller, model)) return model
  throw new Problem(
    'forbidden',
    `Model ${modelLabel(model)} is not yours: only its owner and administrators may change it.`,
  )
}

/** @throws Problem `unauthenticated` when a call costs credits and nobody could be charged. */
export function refuseUnpaid(caller: Caller, model: Model): void {
  if (caller.role !== 'anonymous' || model.price === 0) return
  throw needsCredential(`Model ${modelLabel(model)} costs credits`)
}

/** Who can be the owner of a model: users, and the service-role key for the house. @throws Problem. */
export function refuseWhoCannotOwn(caller: Caller): void {
  ownerOf(caller, 'a model', 'Models are uploaded by users')
}

/** Parts of an upload, which is an act of the owner: the service-role key is the owner of what is the house's. */
const uploading = ['model-upload', 'model-validate']

/**
 * Whether the audit log holds it: what is done to another's model, and whatever the service-role key does to one of the
 * house beside uploading it.
 */
export function isAdministrative(caller: Caller, model: Pick<Model, 'owner_id'>, action: string): boolean {
  if (model.owner_id === caller.userId && uploading.includes(action)) return false
  return isNotOwn(caller, model)
}

/**
 * Reads a model that the caller may change and changes it, in one transaction. An administrative act leaves an entry in
 * the audit log.
 */
export function changeModel<Result>(
  database: Database<ModelTables>,
  { caller, id, action, details }: ModelAct,
  work: (store: ModelStore, before: Model) => Promise<Result>,
): Promise<Result> {
  return database.as(caller, async (db, audit) => {
    const store = createModelStore(db)
    const before = manageable(caller, visible(caller, await store.byId(id), { id }))
    const result = await work(store, before)
    if (isAdministrative(caller, before, action))
      await audit(action, id, { model: modelLabel(before), owner_id: before.owner_id, ...details })
    return result
  })
}

type ModelAct = {
  caller: Caller
  id: string
  /** For the audit log, noun-verb. */
  action: string
  details?: Record<string, unknown>
}
