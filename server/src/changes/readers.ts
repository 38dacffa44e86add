import { type ChangeKind, Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything, maySee, type Owned } from '../accounts/caller.ts'
import { createPending, type Pending } from './pending.ts'

/** One connection that is told of changes. */
export type Reader = {
  readonly caller: Caller
  readonly pending: Pending
  /** Something may have been missed: all is to be looked at anew. */
  isLost: boolean
  isOver: boolean
  /** Fulfils at the next thing to be told, or its end. */
  wait(): Promise<void>
  wake(): void
}

/** Of one user: pages that are open in a browser. */
const mostPerUser = 30

/** Who is told of what. */
export type Readers = {
  /** @throws Problem `rate-limited`. */
  join(caller: Caller): Reader
  leave(reader: Reader): void
  areAny(): boolean
  /** Whether somebody here sees only some things. */
  areMembers(): boolean
  /** Those who may everything, and who it concerns. */
  tell(kind: ChangeKind, id: string | null, userId: string | null): void
  tellWhoSees(kind: ChangeKind, id: string, thing: Owned): void
  tellAll(kind: ChangeKind): void
  loseAll(): void
  /** Of a user, key or session: they come back, and prove anew who they are. */
  end(identity: string): void
  endAll(): void
}

export function createReaders(): Readers {
  const readers = new Set<Reader>()
  /** Of them, those who see only some things. */
  let members = 0

  function tellThose(isConcerned: (caller: Caller) => boolean, kind: ChangeKind, id: string | null): void {
    for (const reader of readers) {
      if (!isConcerned(reader.caller)) continue
      reader.pending.add(kind, id)
      reader.wake()
    }
  }

  function end(reader: Reader): void {
    reader.isOver = true
    reader.wake()
  }

  return {
    join(caller) {
      let count = 0
      for (const reader of readers) count += Number(reader.caller.limitKey === caller.limitKey)
      if (count >= mostPerUser)
        throw new Problem('rate-limited', `No more than ${mostPerUser} streams of changes at a time.`, {
          retryAfterSeconds: 10,
        })
      const reader = createReader(caller)
      readers.add(reader)
      if (!mayEverything(caller)) members += 1
      return reader
    },
    leave(reader) {
      if (readers.delete(reader) && !mayEverything(reader.caller)) members -= 1
    },
    areAny: () => readers.size > 0,
    areMembers: () => members > 0,
    tell(kind, id, userId) {
      tellThose(caller => mayEverything(caller) || (userId !== null && caller.userId === userId), kind, id)
    },
    tellWhoSees: (kind, id, thing) => tellThose(caller => maySee(caller, thing), kind, id),
    tellAll: kind => tellThose(() => true, kind, null),
    loseAll() {
      for (const reader of readers) {
        reader.isLost = true
        reader.wake()
      }
    },
    end(identity) {
      for (const reader of readers) {
        const { userId, credential } = reader.caller
        if (userId === identity || credential === identity) end(reader)
      }
    },
    endAll() {
      for (const reader of readers) end(reader)
    },
  }
}

function createReader(caller: Caller): Reader {
  let wake = () => {}
  const reader: Reader = {
    caller,
    pending: createPending(),
    isLost: false,
    isOver: false,
    wait() {
      if (reader.isLost || reader.isOver || !reader.pending.isEmpty()) return Promise.resolve()
      return new Promise(resolve => {
        wake = resolve
      })
    },
    wake: () => wake(),
  }
  return reader
}
