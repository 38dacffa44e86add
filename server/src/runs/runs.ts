import { Problem } from '@roundhouse/sdk/contract'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import { createApprovalStore } from './approvals/store.ts'
import { type BeginRun, maySeeRun } from './begin.ts'
import type { Follow } from './events/follow.ts'
import { type EventStore, isFullPage } from './events/store.ts'
import type { Executor } from './executor.ts'
import type { Guards } from './guards/guards.ts'
import { publishCancel } from './lease.ts'
import { createRests } from './rests.ts'
import type { NumberedEvent, Runs, RunView } from './run.ts'
import { createRunStore } from './store.ts'
import { createThreadStore } from './threads/store.ts'
import { traceOf } from './trace.ts'
import type { Transitions } from './transitions.ts'

const pageSize = 256
const triesToCancel = 3

/** What the doors do with runs. Rows and events are the truth; what is in memory here only saves asking for them. */
export function createRuns<Tables>(dependencies: {
  database: Database<Tables>
  begin: BeginRun
  events: Pick<EventStore, 'page'>
  follow: Pick<Follow, 'follow' | 'hasEnded'>
  executor: Pick<Executor, 'find' | 'stop'>
  transitions: Pick<Transitions<Tables>, 'endUnleased' | 'answer'>
  guards: Pick<Guards, 'note'>
  bus: Bus
  log: Log
}): Runs {
  const { database, begin, events, follow, executor, transitions, guards, bus, log } = dependencies

  const rests = createRests({ store: createRunStore(database.system), log })

  async function get(caller: DatabaseCaller, id: string): Promise<RunView> {
    const run = await database.as(caller, db => createRunStore(db).byId(id))
    if (!run || !maySeeRun(caller, run)) throw new Problem('run-not-found', `There is no run ${id}.`)
    return run
  }

  function isHere(caller: DatabaseCaller, id: string): boolean {
    const here = executor.find(id)
    return here !== undefined && maySeeRun(caller, here.run)
  }

  async function* replay(id: string, after: number): AsyncGenerator<readonly NumberedEvent[], void> {
    let sent = after
    for (let page = await events.page(id, sent, pageSize); ; page = await events.page(id, sent, pageSize)) {
      const last = page.at(-1)
      // They are removed in portions.
      if (last ? page[0]?.seq !== sent + 1 : sent === after)
        throw new Problem(
          'run-events-gone',
          'The events of this run were removed. GET /api/v1/runs/{id} has its result.',
        )
      if (!last) return
      sent = last.seq
      yield page
      if (!isFullPage(page, pageSize)) return
    }
  }

  async function* followFor(
    caller: DatabaseCaller,
    asked: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly NumberedEvent[], void> {
    // The name by which it is written and told of.
    const id = asked.toLowerCase()
    if (isHere(caller, id)) return yield* follow.follow(id, after, signal)
    const run = await get(caller, id)
    if (run.finishedAt === null) yield* follow.follow(id, after, signal)
    else if (after < run.lastSeq) yield* replay(id, after)
  }

  /** Fulfils when it may have ended or wait for a person, or by the signal. */
  async function restOf({ id, lastSeq }: RunView, signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const over = AbortSignal.any([signal, stop.signal])
    // Of what is in the stream one is told at once, of what is not within a second.
    await Promise.race([rests.wait(id, over), heard(id, lastSeq, over)]).finally(() => stop.abort())
  }

  async function heard(id: string, after: number, signal: AbortSignal): Promise<void> {
    for await (const group of follow.follow(id, after, signal)) if (group.some(mayRest)) return
  }

  /** As the rules of the agent leave it: the model is told. */
  async function noteOf(run: Pick<RunView, 'id' | 'agentId'>, note: string): Promise<string> {
    const config = await createApprovalStore(database.system).configOf(run.id)
    return guards.note({ ...run, config }, note)
  }

  return {
    start: begin,
    get,

    async list(caller, filter) {
      if (caller.role === 'admin' || caller.role === 'service')
        return database.as(caller, db => createRunStore(db).list(filter))
      const { userId } = caller
      return userId === null ? [] : database.as(caller, db => createRunStore(db).list(filter, userId))
    },

    async input(caller, asked) {
      const { id } = await get(caller, asked)
      return (await createRunStore(database.system).input(id)) ?? { input: [], memory: [] }
    },

    async threads(caller, filter) {
      return database.as(caller, db => createThreadStore(db).list(caller.userId, filter))
    },

    async thatAsked(caller, approvalId) {
      const run = await database.as(caller, db => createRunStore(db).byApproval(approvalId))
      if (!run || !maySeeRun(caller, run)) throw new Problem('run-not-found', `No run asked ${approvalId}.`)
      return run
    },

    follow: followFor,

    async finished(caller, asked, signal) {
      const id = asked.toLowerCase()
      const here = executor.find(id)
      if (here && maySeeRun(caller, here.run)) {
        const view = await until(here.over, signal)
        if (view) return view
      }
      for (;;) {
        const run = await get(caller, id)
        if (run.finishedAt !== null || run.status === 'waiting') return run
        await restOf(run, signal)
        signal.throwIfAborted()
        if (follow.hasEnded())
          throw new Problem('shutting-down', 'This process is stopping; the run goes on elsewhere.')
      }
    },

    async cancel(caller, asked) {
      const run = await get(caller, asked)
      const { id } = run
      if (run.finishedAt !== null) return run
      for (let tries = 1; ; tries += 1) {
        const told = await createRunStore(database.system).requestCancel(id)
        if (told) {
          publishCancel(bus, log, id)
          return told
        }
        const isEnded = await transitions.endUnleased(id, { kind: 'cancelled' })
        // It may have begun between the two, and is to be told then.
        if (isEnded || tries === triesToCancel) return await get(caller, id)
      }
    },

    async answer(caller, asked, approvalId, { approved, note }) {
      const { id, agentId } = await get(caller, asked)
      const kept = note === null ? null : await noteOf({ id, agentId }, note)
      await transitions.answer(id, approvalId, { approved, note: kept, by: caller.userId })
      return await get(caller, id)
    },

    async trace(caller, id) {
      const run = await get(caller, id)
      return traceOf(run, await createRunStore(database.system).steps(id))
    },
  }
}

/** Text that `JSON.stringify` made of an event whose `type` comes first. */
function mayRest({ data }: NumberedEvent): boolean {
  return /^\{"type":"(?:run-(?:end|error|cancel)|approval-request)"/.test(data)
}

async function until<Value>(coming: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([coming, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
