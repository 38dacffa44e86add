import type { ChangeKind } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Readers } from './readers.ts'
import { type createChangeStore, type OwnedKind, ownedKinds } from './store.ts'

const afterMs = 100
const mostIds = 200
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * Finds out for the members who read here whose the things are, and who else may see them: one query for all that
 * changed at about the same time, and none while only administrators read. Where that cannot be said, members are told
 * that things of the kind have changed, and no more.
 */
export function createLook(dependencies: {
  store: Pick<ReturnType<typeof createChangeStore>, 'owners'>
  readers: Pick<Readers, 'areMembers' | 'tellWhoSees' | 'tellAll'>
  clock: Pick<Clock, 'after'>
  log: Log
}): { ask(kind: ChangeKind, id: string | null, userId: string | null): void; close(): void } {
  const { store, readers, clock, log } = dependencies
  let asked = nothingAsked()
  let cancel: (() => void) | undefined

  async function look(): Promise<void> {
    const kinds = asked
    asked = nothingAsked()
    cancel = undefined
    const unsaid = ownedKinds.filter(kind => kinds[kind].size > mostIds)
    for (const kind of unsaid) kinds[kind].clear()
    try {
      const ids = { ...empty }
      for (const kind of ownedKinds) ids[kind] = [...kinds[kind]]
      for (const thing of await store.owners(ids)) readers.tellWhoSees(thing.kind, thing.id, thing)
    } catch (error) {
      log.debug('change-look-fail', { err: error })
      unsaid.push(...ownedKinds.filter(kind => kinds[kind].size > 0))
    }
    for (const kind of unsaid) readers.tellAll(kind)
  }

  return {
    ask(kind, id, userId) {
      if (!isOwned(kind) || !readers.areMembers()) return
      if (id === null && userId === null) readers.tellAll(kind)
      // Whose a run is was said; of a job others may have told.
      if (id === null || !uuid.test(id) || (kind === 'run' && userId !== null)) return
      // One more than the most says that there were more.
      if (asked[kind].size <= mostIds) asked[kind].add(id)
      cancel ??= clock.after(afterMs, () => void look())
    },
    close: () => cancel?.(),
  }
}

const empty: Record<OwnedKind, string[]> = {
  agent: [],
  collection: [],
  job: [],
  model: [],
  report: [],
  run: [],
}

function nothingAsked(): Record<OwnedKind, Set<string>> {
  return {
    agent: new Set(),
    collection: new Set(),
    job: new Set(),
    model: new Set(),
    report: new Set(),
    run: new Set(),
  }
}

function isOwned(kind: ChangeKind): kind is OwnedKind {
  return ownedKinds.some(owned => owned === kind)
}
