import { isProblem, Problem, type RunEvent } from '@roundhouse/sdk/contract'
import type { Kysely, QueryExecutorProvider } from 'kysely'
import type { CreditsWithin, Hold } from '../credits/within.ts'
import type { Jobs } from '../jobs/job.ts'
import { invariant } from '../kit/invariant.ts'
import type { Database } from '../ports/database.ts'
import { createApprovalStore, type Question } from './approvals/store.ts'
import { endingOf, totalsOf } from './conclusions.ts'
import type { Follow } from './events/follow.ts'
import { createEventStore, type Part } from './events/store.ts'
import type { Writer } from './events/writer.ts'
import type { TakenRun } from './rows.ts'
import type { NumberedEvent, RunView } from './run.ts'
import { createRunStore, type Ending, type Held } from './store.ts'
import type { Announced, Approval, RunOutcome, RunStep } from './stream.ts'
import { remember } from './threads.ts'

/** A run with all that is needed to go on with it. */
export type Taken = TakenRun & {
  readonly steps: readonly RunStep[]
  readonly approvals: readonly Approval[]
  /** What was written when it was taken. */
  readonly begin: { readonly lastSeq: number; readonly events: readonly NumberedEvent[] }
  /** For its first step, when this process has just made it. */
  readonly held?: Hold
  readonly announced?: Announced | null
  readonly guarded?: Readonly<Record<string, unknown>>
}

/** What a run had not written when its work was over. */
export type Rest = {
  readonly events: readonly NumberedEvent[]
  readonly steps: readonly RunStep[]
  readonly nextSeq: number
}

type Run = TakenRun['run']
type Ended = Extract<RunOutcome, { kind: 'done' | 'failed' | 'cancelled' }>
/** `error` is a Problem, or a bug. */
type Broken = { kind: 'cancelled' } | { error: unknown }

/** How runs pass from one hand to the next, each in one transaction. What it writes last is told to the readers. */
export type Transitions<Tables> = {
  /** Null when it has ended, or waits. */
  takeForJob(id: string): Promise<Taken | null>
  /** Null when it is not left alone any more. */
  takeAbandoned(held: Held): Promise<Taken | null>
  /** Each of these is null or false when the run is no longer this attempt's. */
  end(run: Run, rest: Rest, outcome: Ended): Promise<RunView | null>
  /** Of a run whose work was broken off: what it comes to is what is stored by then. */
  endBroken(run: Run, rest: Rest, how: Broken): Promise<RunView | null>
  /** `cancelled`: somebody wants it to end, and it does not wait. */
  wait(run: Run, rest: Rest, questions: readonly Question[]): Promise<'waits' | 'lost' | 'cancelled'>
  promote(run: Run, rest: Rest, reason: 'time' | 'heavy-tool'): Promise<boolean>
  /** For whoever takes it next. What was said since the last checkpoint is said again. */
  handBack(run: Held & Pick<RunView, 'ownerId'>, options: { withJob: boolean }): Promise<boolean>
  /** One that is left alone goes to a worker. */
  requeue(run: Held & Pick<RunView, 'ownerId'>): Promise<boolean>
  /** Whether the run is still under way as this attempt. */
  isUnderWay(held: Held): Promise<boolean>
  /** Of a run that no process has a lease on; false when one has, or it has ended. */
  endUnleasedIn(db: Kysely<Tables>, id: string, how: Broken): Promise<boolean>
  endUnleased(id: string, how: Broken): Promise<boolean>
  /** @throws Problem `resource-not-found`, `conflict`. */
  answer(
    runId: string,
    approvalId: string,
    answer: { approved: boolean; note: string | null; by: string | null },
  ): Promise<void>
}

/** Two processes may reach for the next number of a run at once; the second looks again. */
const triesToTake = 5

export function createTransitions<Tables>(dependencies: {
  database: Database<Tables>
  jobs: Pick<Jobs<Tables>, 'add'>
  credits: Pick<CreditsWithin, 'settleUpToIn'>
  writer: Pick<Writer, 'end'>
  follow: Pick<Follow, 'written'>
  /** Told of each run that has ended. Neither throws nor waits. */
  ended: (runId: string) => void
  /** Told of each that is not what it was; whose it is, where that is known. Neither throws nor waits. */
  changed: (run: { readonly id: string; readonly ownerId?: string | null }) => void
  /** Sees to the thread of a run that is done, which is told as ended when that is over. Never rejects. */
  summarise: (run: Run) => Promise<void>
}): Transitions<Tables> {
  const { database, jobs, credits, writer, follow, ended, changed, summarise } = dependencies

  async function take(
    claim: (store: ReturnType<typeof createRunStore>) => Promise<TakenRun | null>,
  ): Promise<Taken | null> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await database.asSystem(async db => {
          const store = createRunStore(db)
          const taken = await claim(store)
          if (!taken) return null
          const { id, attempt } = taken.run
          const before = await createEventStore(db).lastSeq(id)
          const event: RunEvent = { type: 'run-attempt', attempt, after: taken.checkpointSeq }
          const events = attempt === 1 ? [] : [{ seq: before + 1, data: JSON.stringify(event) }]
          await createEventStore(db).insert(id, events)
          return {
            ...taken,
            steps: await store.steps(id),
            approvals: await store.approvals(id),
            begin: { lastSeq: before + events.length, events },
          }
        })
      } catch (error) {
        if (!isTaken(error) || tries === triesToTake) throw error
      }
    }
  }

  async function told(taken: Taken | null): Promise<Taken | null> {
    if (!taken) return null
    tell(taken.run, taken.begin.events)
    changed(taken.run)
    return taken
  }

  function tell({ id, attempt }: Held, events: readonly NumberedEvent[]): void {
    if (events.length > 0) follow.written([{ runId: id, attempt, events, steps: [], checkpointSeq: null }])
  }

  async function addJob(
    db: Kysely<Tables>,
    { id, ownerId }: Pick<RunView, 'id' | 'ownerId'>,
    lastSeq: number,
  ) {
    await jobs.add(db, {
      kind: 'run',
      ownerId,
      payload: { run_id: id },
      // That of an earlier time may not have ended yet.
      uniqueKey: `${id}:${lastSeq}`,
    })
  }

  async function settle(
    db: QueryExecutorProvider,
    run: Pick<RunView, 'id' | 'ownerId' | 'isCharged'>,
    total: number,
  ): Promise<void> {
    if (run.isCharged && run.ownerId !== null)
      await credits.settleUpToIn(db, run.ownerId, `run:${run.id}`, total)
  }

  async function letGo(
    run: Run,
    rest: Rest,
    last: RunEvent[],
    status: 'queued' | 'waiting',
    within: (db: Kysely<Tables>, lastSeq: number) => Promise<void>,
  ): Promise<boolean> {
    const events = [...rest.events, ...numbered(last, rest.nextSeq)]
    const checkpointSeq = rest.nextSeq + last.length - 1
    const isDone = await database.asSystem(async db => {
      if ((await createRunStore(db).letGo(run, { status, checkpointSeq })) === null) return false
      await createEventStore(db).insert(run.id, events)
      await within(db, checkpointSeq)
      return true
    })
    if (!isDone) return false
    tell(run, events)
    changed(run)
    return true
  }

  /** Null when the run is no longer this attempt's. */
  async function endIn(
    db: Kysely<Tables>,
    run: RunView,
    part: EndingPart,
    within: () => Promise<void> = async () => {},
  ): Promise<RunView | null> {
    const store = createEventStore(db)
    const finishedAt = (await store.append([part])).get(run.id)
    if (finishedAt) {
      await settle(db, run, part.ending.credits)
      await within()
      return viewOf(run, part, finishedAt)
    }
    // It may have ended with this very part, and the answer was lost.
    const endedBefore = await store.endedWith(run.id, lastOf(part))
    return endedBefore && viewOf(run, part, endedBefore)
  }

  async function endUnleasedIn(
    db: Kysely<Tables>,
    id: string,
    how: Broken,
  ): Promise<readonly NumberedEvent[]> {
    const store = createRunStore(db)
    const run = await store.lockUnleased(id)
    if (!run) return []
    const nextSeq = (await createEventStore(db).lastSeq(id)) + 1
    const rest = { events: [], steps: [], nextSeq }
    const part = endingPart(run, rest, brokenOff(how, await store.steps(id)))
    return (await endIn(db, run, part)) ? part.events : []
  }

  function toldOfEnd(view: RunView | null, events: readonly NumberedEvent[]): RunView | null {
    if (!view) return null
    tell(view, events)
    changed(view)
    ended(view.id)
    return view
  }

  return {
    takeForJob: async id => told(await take(store => store.takeForJob(id))),
    takeAbandoned: async held => told(await take(store => store.takeAbandoned(held))),

    async end(run, rest, outcome) {
      const part = endingPart(run, rest, outcome)
      const isDone = outcome.kind === 'done'
      if (isDone && outcome.isFree && run.threadId === null) {
        // Nothing else is to be in that commit, so that many runs can end in one.
        const finishedAt = await writer.end(part)
        if (finishedAt) return toldOfEnd(viewOf(run, part, finishedAt), [])
      }
      const view = await database.asSystem(db =>
        endIn(db, run, part, async () => {
          if (isDone) await remember(db, run, outcome.output)
        }),
      )
      if (!view || !isDone) return toldOfEnd(view, part.events)
      tell(view, part.events)
      changed(view)
      void summarise({ ...run, ...view }).then(() => ended(view.id))
      return view
    },

    async endBroken(run, rest, how) {
      const { id, attempt } = run
      const { view, events } = await database.asSystem(async db => {
        const checkpointSeq = rest.steps.length > 0 ? rest.nextSeq - 1 : null
        const held = await createEventStore(db).append([{ ...rest, runId: id, attempt, checkpointSeq }])
        if (!held.has(id)) return { view: null, events: [] }
        const outcome = brokenOff(how, await createRunStore(db).steps(id))
        const part = endingPart(run, { ...rest, events: [], steps: [] }, outcome)
        return { view: await endIn(db, run, part), events: [...rest.events, ...part.events] }
      })
      return toldOfEnd(view, events)
    },

    // Who is told of a question can answer it.
    async wait(run, rest, questions) {
      const asked = questions.map(askedOf)
      const within = (db: Kysely<Tables>) => createApprovalStore(db).ask(run.id, questions)
      if (await letGo(run, rest, asked, 'waiting', within)) return 'waits'
      const found = await createRunStore(database.system).underWay(run)
      return found?.isCancelRequested ? 'cancelled' : 'lost'
    },

    promote: (run, rest, reason) =>
      letGo(run, rest, [{ type: 'run-promote', reason }], 'queued', async (db, lastSeq) => {
        await createRunStore(db).toWorkers(run)
        await addJob(db, run, lastSeq)
      }),

    handBack: (run, { withJob }) =>
      database.asSystem(async db => {
        const lastSeq = await createRunStore(db).letGo(run, { status: 'queued', checkpointSeq: null })
        if (lastSeq === null) return false
        if (withJob) await addJob(db, run, lastSeq)
        return true
      }),

    requeue: run =>
      database.asSystem(async db => {
        const lastSeq = await createRunStore(db).requeue(run)
        if (lastSeq === null) return false
        await addJob(db, run, lastSeq)
        return true
      }),

    isUnderWay: async held => (await createRunStore(database.system).underWay(held)) !== null,

    async endUnleasedIn(db, id, how) {
      const events = await endUnleasedIn(db, id, how)
      // The transaction is somebody else's; only what is in the table is told.
      if (events.length === 0) return false
      changed({ id })
      ended(id)
      return true
    },

    async endUnleased(id, how) {
      const events = await database.asSystem(db => endUnleasedIn(db, id, how))
      if (events.length === 0) return false
      tell({ id, attempt: 0 }, events)
      changed({ id })
      ended(id)
      return true
    },

    async answer(runId, approvalId, answer) {
      const { approved, note } = answer
      const written = await database.asSystem(async db => {
        const approvals = createApprovalStore(db)
        const store = createRunStore(db)
        const run = await store.lockUnleased(runId)
        const found = await approvals.find(runId, approvalId)
        if (!found) throw new Problem('resource-not-found', `The run asked for no approval ${approvalId}.`)
        if (found.approved === approved) return []
        if (found.approved !== null)
          throw new Problem('conflict', `This was ${found.approved ? 'approved' : 'denied'} before.`)
        if (run?.status !== 'waiting') throw new Problem('conflict', 'The run does not wait for an answer.')
        await approvals.answer(approvalId, answer)
        const seq = (await createEventStore(db).lastSeq(runId)) + 1
        const event: RunEvent = { type: 'approval-answer', approval_id: approvalId, approved, note }
        const events = [{ seq, data: JSON.stringify(event) }]
        const status = (await approvals.hasOpen(runId)) ? 'waiting' : 'queued'
        await store.letGo(run, { status, checkpointSeq: seq })
        await createEventStore(db).insert(runId, events)
        if (status === 'queued') await addJob(db, run, seq)
        return events
      })
      tell({ id: runId, attempt: 0 }, written)
      changed({ id: runId })
    },
  }
}

type EndingPart = Part & { readonly ending: Ending }

/** What a run has not written yet, and its last event. */
function endingPart({ id, attempt }: Held, rest: Rest, outcome: Ended): EndingPart {
  const { ending, event } = endingOf(outcome)
  const events = [...rest.events, ...numbered([event], rest.nextSeq)]
  return { runId: id, attempt, events, steps: rest.steps, checkpointSeq: null, ending }
}

function lastOf({ events }: EndingPart): NumberedEvent {
  const last = events.at(-1)
  invariant(last, 'a run ends with an event')
  return last
}

function viewOf(run: RunView, part: EndingPart, finishedAt: Date): RunView {
  return { ...run, ...part.ending, lastSeq: lastOf(part).seq, finishedAt }
}

function numbered(events: readonly RunEvent[], nextSeq: number): NumberedEvent[] {
  return events.map((event, index) => ({ seq: nextSeq + index, data: JSON.stringify(event) }))
}

/** For the end of a run that nobody has brought to its end. */
function brokenOff(how: Broken, steps: readonly RunStep[]): Ended {
  const rest = { output: null, ...totalsOf(steps) }
  return 'error' in how ? { kind: 'failed', error: how.error, ...rest } : { kind: 'cancelled', ...rest }
}

function askedOf({ id, step, callId, tool, arguments: args, reason, expiresAt }: Question): RunEvent {
  return {
    type: 'approval-request',
    step,
    approval_id: id,
    id: callId,
    name: tool,
    arguments: args,
    reason,
    expires_at: expiresAt.toISOString(),
  }
}

/** The number of an event. */
function isTaken(error: unknown): boolean {
  return !isProblem(error) && error instanceof Error && 'code' in error && error.code === '23505'
}
