import { setTimeout as delay } from 'node:timers/promises'
import { isAwayOrFull } from '../../jobs/outage.ts'
import { backoffMs } from '../../kit/backoff.ts'
import type { Log } from '../../kit/log.ts'
import type { NumberedEvent } from '../run.ts'
import type { Ending } from '../store.ts'
import type { RunStep, RunStream } from '../stream.ts'
import {
  add,
  addFinished,
  type LaneState,
  openLane,
  remember,
  remembered,
  roomOf,
  take,
  tellOfRoom,
  type Waiter,
} from './lane.ts'
import type { EventStore, Part } from './store.ts'

/** Where one run writes while this process has it. */
export type Lane = RunStream & {
  /**
   * Nothing goes through it any more. Fulfils when nothing is under way, with what was not written, numbered, for the
   * commit that lets go of the run, and with the number that the next event has.
   */
  close(): Promise<{ events: NumberedEvent[]; steps: readonly RunStep[]; nextSeq: number }>
}

export type Writer = {
  /**
   * @param begin What was written when this process took the run; the next event has the number behind it.
   * @param onLost Told once, when another process has the run.
   */
  open(
    run: { id: string; attempt: number },
    begin: { lastSeq: number; events: readonly NumberedEvent[] },
    onLost: () => void,
  ): Lane
  /** Ends a run in the next commit. Gives when it ended; null when it is not this attempt's any more. */
  end(part: Part & { readonly ending: Ending }): Promise<Date | null>
  /** What came behind a number, when this process has the run and remembers all of that. */
  recent(runId: string, after: number): readonly NumberedEvent[] | undefined
  /** Whether the run is written here. */
  has(runId: string): boolean
}

/** One part of a group, and what is done when it is written or cannot be. */
type Entry = { readonly part: Part; settled(isHeld: boolean, finishedAt: Date | null): void }

const firstRetryMs = 50
const maxRetryMs = 1000

/**
 * Writes the events of all runs of this process, one commit at a time: what comes while one is under way is the next.
 * Text that a run adds meanwhile becomes one event before it gets its number.
 * @param onWritten Told of what is durable, run by run in order.
 */
export function createWriter(dependencies: {
  store: Pick<EventStore, 'append' | 'page'>
  log: Log
  onWritten: (parts: readonly Part[]) => void
}): Writer {
  const { store, log, onWritten } = dependencies
  const lanes = new Map<string, LaneState>()
  let dirty: LaneState[] = []
  let endings: Entry[] = []
  let isRunning = false

  function wake(state: LaneState): void {
    if (!state.isDirty) {
      state.isDirty = true
      dirty.push(state)
    }
    runSoon()
  }

  function runSoon(): void {
    if (isRunning) return
    isRunning = true
    // Behind what else the network has brought in this turn.
    setImmediate(() => void run())
  }

  async function run(): Promise<void> {
    while (dirty.length + endings.length > 0) {
      const group = [...dirty.map(entryOf), ...endings]
      dirty = []
      endings = []
      await write(group)
    }
    isRunning = false
  }

  /** Never rejects. While the database is away the text of the runs gathers; what has come of it is written then. */
  async function write(group: readonly Entry[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        settle(group, await store.append(group.map(({ part }) => part)))
        return
      } catch (error) {
        if (!isAwayOrFull(error)) {
          if (group.length > 1) for (const entry of group) await write([entry])
          else settle(group, await ownOf(group, error))
          return
        }
        await delay(backoffMs(attempt, firstRetryMs, maxRetryMs), undefined, { ref: false })
      }
    }
  }

  /** The number is taken: by this very write, whose answer was lost, or by a process that has gone on with the run. */
  async function ownOf([entry]: readonly Entry[], error: unknown): Promise<Map<string, null>> {
    const { runId, events } = entry?.part ?? {}
    const first = events?.[0]
    if (!runId || !first || !isTaken(error)) {
      log.error('run-write-fail', { run_id: runId, err: error })
      return new Map()
    }
    const [stored] = await store.page(runId, first.seq - 1, 1).catch(() => [])
    return new Map(stored?.data === first.data ? [[runId, null]] : [])
  }

  function settle(group: readonly Entry[], held: ReadonlyMap<string, Date | null>): void {
    onWritten(group.flatMap(({ part }) => (part.events.length > 0 && held.has(part.runId) ? [part] : [])))
    for (const { part, settled } of group) settled(held.has(part.runId), held.get(part.runId) ?? null)
  }

  function entryOf(state: LaneState): Entry {
    const { part, waiters } = take(state)
    tellOfRoom(state)
    return {
      part,
      settled(isHeld) {
        state.isWriting = false
        if (isHeld) {
          remember(state, part.events)
          for (const { resolve } of waiters) resolve(state.nextSeq - 1)
        } else lose(state, waiters)
        state.onRest?.()
      },
    }
  }

  function lose(state: LaneState, waiters: readonly Waiter[]): void {
    const isNews = !state.isOver
    state.isOver = true
    tellOfRoom(state)
    for (const { reject } of [...waiters, ...state.waiters]) reject(gone())
    state.waiters = []
    if (isNews) state.onLost()
  }

  return {
    open({ id, attempt }, { lastSeq, events: begun }, onLost) {
      const before = lanes.get(id)
      if (before) {
        // Taken again here: the two never write in one group, where the older would pass by the row of the newer.
        dirty = dirty.filter(other => other !== before)
        lose(before, [])
      }
      const state = openLane({ id, attempt, lastSeq, begun, onLost })
      lanes.set(id, state)

      function settled(): Promise<number> {
        if (state.isOver) return Promise.reject(gone())
        return new Promise((resolve, reject) => state.waiters.push({ resolve, reject }))
      }

      return {
        append(event) {
          if (state.isOver) return
          add(state, event)
          wake(state)
        },
        async checkpoint(events, steps) {
          addFinished(state, events, steps)
          const written = settled()
          if (!state.isOver) wake(state)
          await written
        },
        room: () => roomOf(state),
        leave: (events, steps) => addFinished(state, events, steps),
        flush() {
          if (!state.isDirty && !state.isWriting && !state.isOver) return Promise.resolve(state.nextSeq - 1)
          const written = settled()
          if (!state.isOver) wake(state)
          return written
        },
        async close() {
          state.isOver = true
          tellOfRoom(state)
          if (lanes.get(id) === state) lanes.delete(id)
          dirty = dirty.filter(other => other !== state)
          if (state.isWriting) await new Promise<void>(resolve => (state.onRest = resolve))
          for (const { reject } of state.waiters) reject(gone())
          const { events, steps } = take(state).part
          return { events: [...events], steps, nextSeq: state.nextSeq }
        },
      }
    },

    end(part) {
      const { promise, resolve } = Promise.withResolvers<Date | null>()
      endings.push({ part, settled: (_, finishedAt) => resolve(finishedAt) })
      runSoon()
      return promise
    },

    recent(runId, after) {
      const state = lanes.get(runId)
      return state && remembered(state, after)
    },

    has: runId => lanes.has(runId),
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}

function gone(): Error {
  return new Error('The run is no longer of this process.')
}
