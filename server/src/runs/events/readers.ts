import type { NumberedEvent } from '../run.ts'
import type { Part } from './store.ts'

/** More than that waits for no reader; it comes back and reads it from the table. */
const mostEvents = 1000
const mostBytes = 1024 * 1024

/** One reader of one run: what has come for it and is not taken yet. */
export type Reader = {
  /** The next events behind `sent`, when they are here. */
  take(sent: number): readonly NumberedEvent[] | undefined
  /** There are events that only the table has, or may have. Asking makes it false. */
  mustRead(sent: number): boolean
  /** What was read was not all. */
  readOn(): void
  /** It has read all there was: from now on it is to keep up with the run. */
  caughtUp(): void
  /** It has fallen behind, or the run is gone. */
  isOver(): boolean
  /** Until there is something to do. */
  wait(): Promise<void>
  wake(): void
  leave(): void
}

type State = {
  groups: (readonly NumberedEvent[])[]
  events: number
  bytes: number
  isUnread: boolean
  isCatchingUp: boolean
  isOver: boolean
  wake: () => void
}

export type Readers = {
  join(runId: string): Reader
  /** What was just committed in this process. */
  deliver(parts: readonly Part[]): void
  /** The table has more of the run, or may have. */
  tell(runId: string): void
  end(runId: string): void
  /** Nobody reads here any more, now or later. */
  endAll(): void
  /** The runs that somebody follows. */
  followed(): Iterable<string>
}

/** Who follows which run in this process. */
export function createReaders(): Readers {
  const byRun = new Map<string, Set<State>>()
  let isClosed = false

  function each(runId: string, work: (reader: State) => void): void {
    const readers = byRun.get(runId)
    if (!readers) return
    for (const reader of readers) {
      work(reader)
      reader.wake()
    }
  }

  return {
    join(runId) {
      const state: State = {
        groups: [],
        events: 0,
        bytes: 0,
        isUnread: true,
        isCatchingUp: true,
        isOver: isClosed,
        wake: () => {},
      }
      const readers = byRun.get(runId) ?? new Set()
      byRun.set(runId, readers.add(state))
      return {
        ...readerOf(state),
        leave() {
          readers.delete(state)
          if (readers.size === 0 && byRun.get(runId) === readers) byRun.delete(runId)
        },
      }
    },
    deliver(parts) {
      for (const { runId, events } of parts) each(runId, reader => push(reader, events))
    },
    tell: runId => each(runId, reader => (reader.isUnread = true)),
    end: runId => each(runId, reader => (reader.isOver = true)),
    endAll() {
      isClosed = true
      for (const runId of byRun.keys()) each(runId, reader => (reader.isOver = true))
    },
    followed: () => byRun.keys(),
  }
}

function push(reader: State, events: readonly NumberedEvent[]): void {
  reader.groups.push(events)
  reader.events += events.length
  for (const { data } of events) reader.bytes += data.length
  if (reader.events <= mostEvents && reader.bytes <= mostBytes) return
  clear(reader)
  if (reader.isCatchingUp) reader.isUnread = true
  else reader.isOver = true
}

function clear(reader: State): void {
  reader.groups = []
  reader.events = 0
  reader.bytes = 0
}

function readerOf(state: State): Omit<Reader, 'leave'> {
  return {
    take(sent) {
      for (let group = state.groups[0]; group; group = state.groups[0]) {
        const first = group[0]?.seq ?? 0
        const last = group.at(-1)?.seq ?? 0
        // Between them lies what another process has written.
        if (first > sent + 1) return undefined
        state.groups.shift()
        state.events -= group.length
        for (const { data } of group) state.bytes -= data.length
        if (last > sent) return first > sent ? group : group.slice(sent + 1 - first)
      }
      return undefined
    },
    mustRead(sent) {
      const first = state.groups[0]?.[0]
      const must = state.isUnread || (first !== undefined && first.seq > sent + 1)
      state.isUnread = false
      return must
    },
    readOn() {
      state.isUnread = true
    },
    caughtUp() {
      state.isCatchingUp = false
    },
    isOver: () => state.isOver,
    async wait() {
      // It has come while the table was read, and has woken nobody.
      if (state.groups.length > 0 || state.isUnread || state.isOver) return
      await new Promise<void>(resolve => {
        state.wake = resolve
      })
    },
    wake: () => state.wake(),
  }
}
