import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayManage, maySee } from '../accounts/caller.ts'
import { needsCredential } from '../accounts/ownership.ts'
import type { Collection, CollectionTarget } from './collection.ts'

/** The same for what is not there and what the caller may not see. @throws Problem `resource-not-found`, `unauthenticated`. */
export function visible<Any extends Collection>(
  caller: Caller,
  collection: Any | null,
  target: CollectionTarget,
): Any {
  if (caller.role === 'anonymous') throw needsCredential('Knowledge answers nobody without a key or token')
  if (collection && maySee(caller, collection)) return collection
  throw noCollection(target)
}

/** @throws Problem `forbidden`, for a collection that the caller may see. */
export function manageable<Any extends Collection>(caller: Caller, collection: Any): Any {
  if (mayManage(caller, collection)) return collection
  throw new Problem(
    'forbidden',
    `The collection ${collection.name} is not yours: only its owner and administrators may change it.`,
  )
}

export function noCollection(target: CollectionTarget): Problem {
  return new Problem(
    'resource-not-found',
    'id' in target
      ? `There is no collection with the id ${target.id}.`
      : `There is no collection with the name ${target.name}.`,
  )
}

export function noDocument(id: string): Problem {
  return new Problem('resource-not-found', `There is no document ${id} in this collection.`)
}
