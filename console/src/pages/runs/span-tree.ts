import type { FollowedEvent, Run, RunSpan, RunTrace } from '@roundhouse/sdk'
import { standingEvents } from './standing-events.ts'

/** A piece of a run's work, at its place in the tree and on the axis. */
export type TreeSpan = {
  readonly id: string
  /** 0 is the run itself. */
  readonly depth: number
  readonly name: string
  readonly kind: RunSpan['kind']
  readonly state: 'running' | 'waiting' | 'done' | 'failed'
  /** Since the start of the run; the end is null while it goes on. */
  readonly startMs: number
  readonly endMs: number | null
  readonly step: number | null
  readonly callId: string | null
  readonly attempt: number
  /** Null of what has only been heard of by events. */
  readonly span: RunSpan | null
}

/**
 * The spans of a run, each before those below it. What is under way and not in the trace yet is added from the events: it
 * begins where what is known ends.
 */
export function spanTree(
  run: Run,
  trace: RunTrace | undefined,
  events: readonly FollowedEvent[],
): TreeSpan[] {
  const originMs = Date.parse(run.created_at)
  const isOver = run.finished_at !== null
  const spans = trace?.spans ?? []
  const asked = openQuestions(events)
  const known = spans
    .filter(span => span.parent_id !== null)
    .map(span => ({ parentId: span.parent_id, ...placed(span, originMs, isOver, asked) }))
  const live = isOver ? [] : liveSpans(run, known, events, asked)
  const below = Map.groupBy([...known, ...live], span => span.parentId ?? run.id)
  const endMs = run.finished_at === null ? null : Date.parse(run.finished_at) - originMs
  const root: TreeSpan = {
    id: run.id,
    depth: 0,
    name: 'run',
    kind: 'run',
    state: rootState(run),
    startMs: 0,
    // A summary of the thread is made behind the end.
    endMs: endMs === null ? null : Math.max(endMs, ...known.map(span => span.endMs ?? 0)),
    step: null,
    callId: null,
    attempt: run.attempt,
    span: spans.find(span => span.parent_id === null) ?? null,
  }
  const tree: TreeSpan[] = [root]
  const add = (parentId: string, depth: number) => {
    const children = (below.get(parentId) ?? []).toSorted((a, b) => a.startMs - b.startMs)
    for (const { parentId: _, ...span } of children) {
      tree.push({ ...span, depth })
      add(span.id, depth + 1)
    }
  }
  add(run.id, 1)
  return tree
}

/** How long the axis is; what is under way reaches to now. */
export function lengthMs(tree: readonly TreeSpan[], nowMs: number): number {
  return Math.max(1, ...tree.map(span => span.endMs ?? Math.max(nowMs, span.startMs)))
}

/** Where another process went on: at the first of its spans. */
export function takeOvers(tree: readonly TreeSpan[]): { attempt: number; atMs: number }[] {
  const first = new Map<number, number>()
  for (const { attempt, startMs, kind } of tree)
    if (attempt > 1 && kind !== 'run') first.set(attempt, Math.min(startMs, first.get(attempt) ?? startMs))
  return [...first].map(([attempt, atMs]) => ({ attempt, atMs })).toSorted((a, b) => a.attempt - b.attempt)
}

type Child = Omit<TreeSpan, 'depth'> & { parentId: string | null }

function placed(
  span: RunSpan,
  originMs: number,
  isOver: boolean,
  asked: ReadonlySet<string>,
): Omit<TreeSpan, 'depth'> {
  const startMs = Math.max(0, Date.parse(span.started_at) - originMs)
  const isOpen = span.duration_ms === null
  const isAsked = isOpen && !isOver && span.call_id !== null && asked.has(span.call_id)
  return {
    id: span.id,
    name: span.name,
    kind: span.kind,
    // What was under way when the run ended, ended with it.
    state: isAsked ? 'waiting' : isOpen && isOver ? 'failed' : span.status,
    startMs,
    endMs: span.duration_ms === null ? (isOver ? startMs : null) : startMs + span.duration_ms,
    step: span.step,
    callId: span.call_id,
    attempt: span.attempt,
    span,
  }
}

function liveSpans(
  run: Run,
  known: readonly Omit<TreeSpan, 'depth'>[],
  events: readonly FollowedEvent[],
  asked: ReadonlySet<string>,
): Child[] {
  const standing = standingEvents(events)
  const fromMs = Math.max(0, ...known.map(span => span.endMs ?? span.startMs))
  const common = { startMs: fromMs, endMs: null, attempt: run.attempt, span: null }
  const live: Child[] = []
  const last = standing.findLast(({ event }) => event.type === 'step-start' || event.type === 'step-restart')
  if (last && (last.event.type === 'step-start' || last.event.type === 'step-restart')) {
    const { step, provider, model } = last.event
    const isDone = standing.some(({ event }) => event.type === 'step-end' && event.step === step)
    const isKnown = known.some(span => span.kind === 'llm' && span.step === step && span.state !== 'failed')
    if (!isDone && !isKnown)
      live.push({
        ...common,
        id: `step:${step}`,
        parentId: run.id,
        name: `${provider}/${model}`,
        kind: 'llm',
        state: 'running',
        step,
        callId: null,
      })
  }
  const answered = new Set(standing.flatMap(({ event }) => (event.type === 'tool-result' ? [event.id] : [])))
  for (const { event } of standing) {
    if (event.type !== 'tool-call' || answered.has(event.id)) continue
    if (known.some(span => span.callId === event.id && span.step === event.step)) continue
    const call = known.find(span => span.kind === 'llm' && span.step === event.step)
    const state = asked.has(event.id) ? 'waiting' : 'running'
    live.push({
      ...common,
      id: `call:${event.id}`,
      parentId: call?.id ?? `step:${event.step}`,
      name: event.name,
      kind: 'tool',
      state,
      step: event.step,
      callId: event.id,
    })
  }
  return live
}

function openQuestions(events: readonly FollowedEvent[]): ReadonlySet<string> {
  const open = new Map<string, string>()
  for (const { event } of events) {
    if (event.type === 'approval-request') open.set(event.approval_id, event.id)
    if (event.type === 'approval-answer') open.delete(event.approval_id)
  }
  return new Set(open.values())
}

function rootState({ status }: Run): TreeSpan['state'] {
  if (status === 'done' || status === 'waiting') return status
  return status === 'failed' || status === 'cancelled' ? 'failed' : 'running'
}
