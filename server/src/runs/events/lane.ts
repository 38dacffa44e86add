import type { RunEvent } from '@roundhouse/sdk/contract'
import type { NumberedEvent } from '../run.ts'
import type { RunStep } from '../stream.ts'
import type { Part } from './store.ts'

type Delta = Extract<RunEvent, { type: 'text-delta' | 'reasoning-delta' }>

/** Somebody who waits for a commit. */
export type Waiter = { resolve: (seq: number) => void; reject: (error: Error) => void }

/** What one run has to write, while this process has it. */
export type LaneState = {
  readonly id: string
  readonly attempt: number
  readonly onLost: () => void
  nextSeq: number
  pending: RunEvent[]
  /** Characters of the text in `pending`. */
  size: number
  /** Wait until there is less of it. */
  onRoom: (() => void)[]
  /** The last of `pending`, when more text can be added to it. */
  growing: { -readonly [Name in keyof Delta]: Delta[Name] } | undefined
  steps: Map<number, RunStep>
  /** How many of `pending` are finished by the last checkpoint; undefined when none was asked for. */
  finished: number | undefined
  waiters: Waiter[]
  /** Waits for the next group. */
  isDirty: boolean
  isWriting: boolean
  isOver: boolean
  onRest: (() => void) | undefined
  /** The first events, for readers that come at the start; undefined when they are too many. */
  head: NumberedEvent[] | undefined
}

/** What one lane adds to a group. */
export type Batch = { readonly part: Part; readonly waiters: readonly Waiter[] }

/** A follower that comes right behind the start finds them here. */
const rememberedEvents = 32

export function openLane(options: {
  id: string
  attempt: number
  lastSeq: number
  begun: readonly NumberedEvent[]
  onLost: () => void
}): LaneState {
  const { id, attempt, lastSeq, begun, onLost } = options
  return {
    id,
    attempt,
    onLost,
    nextSeq: lastSeq + 1,
    pending: [],
    size: 0,
    onRoom: [],
    growing: undefined,
    steps: new Map(),
    finished: undefined,
    waiters: [],
    isDirty: false,
    isWriting: false,
    isOver: false,
    onRest: undefined,
    head: [...begun],
  }
}

export function add(state: LaneState, event: RunEvent): void {
  const { growing } = state
  if (event.type !== 'text-delta' && event.type !== 'reasoning-delta') {
    state.growing = undefined
    state.pending.push(event)
    return
  }
  state.size += event.text.length
  if (growing && growing.type === event.type && growing.step === event.step) {
    growing.text += event.text
  } else {
    state.growing = { type: event.type, step: event.step, text: event.text }
    state.pending.push(state.growing)
  }
}

/** While the database is away a run says so much more; then whoever speaks waits. */
const mostCharacters = 256 * 1024

export function roomOf(state: LaneState): Promise<void> | undefined {
  if (state.size < mostCharacters || state.isOver) return undefined
  return new Promise(resolve => state.onRoom.push(resolve))
}

export function tellOfRoom(state: LaneState): void {
  for (const resolve of state.onRoom.splice(0)) resolve()
}

/** Finished with them, for the next commit. Steps alone finish nothing: what broke off may be said again by another. */
export function addFinished(state: LaneState, events: readonly RunEvent[], steps: readonly RunStep[]): void {
  for (const event of events) add(state, event)
  for (const step of steps) state.steps.set(step.n, step)
  if (events.length > 0) state.finished = state.pending.length
  state.growing = undefined
}

/** What there is to write, from now on with its numbers. */
export function take(state: LaneState): Batch {
  const { id, attempt, pending, finished, steps, waiters } = state
  const events: NumberedEvent[] = []
  for (const event of pending)
    events.push({ seq: state.nextSeq + events.length, data: JSON.stringify(event) })
  const checkpointSeq = finished === undefined ? null : state.nextSeq + finished - 1
  state.nextSeq += events.length
  state.pending = []
  state.size = 0
  state.growing = undefined
  state.finished = undefined
  if (steps.size > 0) state.steps = new Map()
  state.waiters = []
  state.isDirty = false
  state.isWriting = true
  return { part: { runId: id, attempt, events, steps: [...steps.values()], checkpointSeq }, waiters }
}

export function remember(state: LaneState, events: readonly NumberedEvent[]): void {
  if (!state.head) return
  if (state.head.length + events.length > rememberedEvents) state.head = undefined
  else state.head.push(...events)
}

/** Everything that came behind a number; undefined when that is not all here. */
export function remembered({ head }: LaneState, after: number): readonly NumberedEvent[] | undefined {
  const first = head?.[0]
  return head && first && first.seq <= after + 1 ? head.slice(after + 1 - first.seq) : undefined
}
