import { type Caller, maySee } from '../accounts/caller.ts'
import type { Model } from './model.ts'

/** The servable versions of one name of one owner, never empty. Names are per owner: two may have a `price` each. */
export type Family = {
  readonly name: string
  /** Null is the house. */
  readonly ownerId: string | null
  /** Newest first. */
  readonly ready: readonly Model[]
  /** Ready and archived, by version, the oldest first. */
  readonly versions: ReadonlyMap<string, Model>
}

/** Of one name, by owner. */
export type Families = ReadonlyMap<string | null, Family>

/**
 * The family a bare name stands for: the caller's own, else the house's, else the one that was there first, so that
 * nobody can put a model of theirs in another's place. Only versions that a bare name may mean count, and only families
 * with a ready one. A name that is the house's stands for no third party, also while the house cannot serve it; for the
 * service-role key every name is. `family` in the store is the same rule in SQL.
 */
export function familyFor(
  caller: Caller,
  families: Families | undefined,
  isHouseName: (name: string) => boolean,
): Family | undefined {
  if (!families) return undefined
  const own = families.get(caller.userId)
  if (own && newestReady(caller, own)) return own
  const house = families.get(null)
  if (house && newestReady(caller, house)) return house
  let first: Family | undefined
  let firstNumber = Number.POSITIVE_INFINITY
  for (const family of families.values()) {
    const number = oldestNumber(caller, family)
    if (number >= firstNumber || !newestReady(caller, family)) continue
    first = family
    firstNumber = number
  }
  return first && !isHouseName(first.name) ? first : undefined
}

/**
 * Whether a bare name may mean this version, for this caller. Who may see everything asks for another's private one by
 * its id: programs with the service-role key for every model that is not the house's.
 */
export function isMeantByName(caller: Caller, model: Model): boolean {
  if (!maySee(caller, model)) return false
  if (model.owner_id === null || model.owner_id === caller.userId) return true
  return caller.role !== 'service' && model.visibility !== 'private'
}

/** Makes the name the house's, whatever its status. */
export function isHouseClaim(model: Pick<Model, 'owner_id' | 'visibility'>): boolean {
  return model.owner_id === null && model.visibility !== 'private'
}

export function newestReady(caller: Caller, family: Family): Model | undefined {
  for (const model of family.ready) if (isMeantByName(caller, model)) return model
  return undefined
}

/** By name and owner. */
export function groupFamilies(models: Iterable<Model>): Map<string, Families> {
  const byName = Map.groupBy(
    [...models].sort((a, b) => a.number - b.number),
    model => model.name,
  )
  return new Map(
    [...byName].map(([name, ofName]) => {
      const byOwner = Map.groupBy(ofName, model => model.owner_id)
      return [
        name,
        new Map([...byOwner].map(([ownerId, versions]) => [ownerId, toFamily(name, ownerId, versions)])),
      ]
    }),
  )
}

function toFamily(name: string, ownerId: string | null, models: readonly Model[]): Family {
  return {
    name,
    ownerId,
    ready: models.filter(model => model.status === 'ready').reverse(),
    versions: new Map(models.map(model => [model.version, model])),
  }
}

function oldestNumber(caller: Caller, family: Family): number {
  for (const model of family.versions.values()) if (isMeantByName(caller, model)) return model.number
  return Number.POSITIVE_INFINITY
}
