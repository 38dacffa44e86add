import { Problem, type RunEvent } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Limits } from '../accounts/limits.ts'
import type { AgentLookup } from '../agents/agent.ts'
import type { CreditsWithin, Hold } from '../credits/within.ts'
import type { Jobs } from '../jobs/job.ts'
import type { Clock } from '../kit/clock.ts'
import { context } from '../kit/context.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { createTurnstile } from '../kit/turnstile.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import { placeOf } from './backend.ts'
import { assertDepth } from './depth.ts'
import { type Executor, noRoom } from './executor.ts'
import type { Guards } from './guards/guards.ts'
import type { FirstHold, FirstStep } from './loop/first-hold.ts'
import type { Rights } from './rows.ts'
import {
  type NumberedEvent,
  nothingDone,
  type Run,
  type RunMode,
  type RunView,
  type StartRun,
} from './run.ts'
import { createRunStore, type RunStore } from './store.ts'
import { openThread, remembered } from './threads.ts'

/** The server has few connections, and a crowd of runs is to wait here for them, not to be turned away there. */
const storedAtOnce = 2

/** A run that is not stored yet, and what rules of the agent did to what was sent. */
type Prepared = { readonly run: Run; readonly guarded: Readonly<Record<string, unknown>> }

export type BeginRun = (caller: Caller, order: StartRun, within?: WithinTransaction<RunView>) => Promise<Run>

/** Makes runs: what one may cost is held, its row and its first event are there, then its work begins here or on a worker. */
export function createBeginRun<Tables>(dependencies: {
  database: Database<Tables>
  agents: Pick<AgentLookup, 'runnable'>
  jobs: Pick<Jobs<Tables>, 'add'>
  credits: Pick<CreditsWithin, 'holdIn'>
  firstHold: FirstHold
  guards: Pick<Guards, 'input'>
  limits: Pick<Limits, 'acquireRun'>
  executor: Executor
  changed: (run: Pick<RunView, 'id' | 'ownerId'>) => void
  ids: Ids
  clock: Pick<Clock, 'now'>
  log: Log
}): BeginRun {
  const { database, agents, jobs, credits, firstHold, guards, limits, executor, changed, ids, clock, log } =
    dependencies

  const inTurn = createTurnstile(storedAtOnce)
  /** Inline runs that are being stored. */
  let coming = 0
  /** Runs whose place another has, which they asked. */
  const lending = new Set<string>()

  async function prepare(caller: Caller, order: StartRun): Promise<Prepared> {
    const { version } = order
    // As the database writes them, so that one run has one name.
    const agentId = order.agentId.toLowerCase()
    const threadId = order.threadId?.toLowerCase() ?? null
    const found = order.config
      ? { version: typeof version === 'number' ? version : null, config: order.config }
      : await agents.runnable(caller, { id: agentId }, version)
    const { config } = found
    const { parent } = order
    const depth = parent ? parent.depth + 1 : (context.getStore()?.depth ?? 0)
    assertDepth(depth)
    const isHeavy = config.is_heavy && !parent
    const mode: RunMode = config.railway_url !== null ? 'remote' : isHeavy ? 'worker' : 'inline'
    const id = order.id ?? ids.uuid()
    // Before anything is stored, a thread too.
    const { messages, acts } = await guards.input({ id, agentId, config }, order.messages)
    const memory = threadId === null ? [] : await memoryOf(caller, { threadId, agentId, config })
    const createdAt = new Date(clock.now())
    const run: Run = {
      id,
      agentId,
      agentVersion: found.version,
      ownerId: caller.userId,
      threadId,
      parentId: parent?.id ?? null,
      depth,
      status: mode === 'worker' ? 'queued' : 'running',
      mode,
      config,
      input: messages,
      memory,
      isCharged: order.isCharged ?? true,
      ...nothingDone,
      requestId: context.getStore()?.requestId ?? null,
      createdAt,
      startedAt: mode === 'worker' ? null : createdAt,
    }
    return { run, guarded: acts.length === 0 ? {} : { input_guardrails: acts } }
  }

  function memoryOf(
    caller: Caller,
    { threadId, agentId, config }: { threadId: string; agentId: string; config: Run['config'] },
  ): Promise<Run['memory']> {
    return database.as(caller, async db => {
      await openThread(db, { id: threadId, agentId, ownerId: caller.userId })
      return remembered(db, threadId, config.memory)
    })
  }

  /** One statement where that is all, else one transaction. */
  async function store(
    caller: Caller,
    run: Run,
    events: readonly NumberedEvent[],
    { bill, seconds }: FirstStep,
    within: WithinTransaction<RunView> | undefined,
    traceParent: string | null,
  ): Promise<Hold> {
    const rights = rightsOf(caller)
    const isHeld = bill.userId !== null && bill.amount > 0
    if (!isHeld && run.status === 'running' && !within) {
      await createRunStore(database.system).insert(run, rights, events, traceParent)
      return null
    }
    return await database.asSystem(async db => {
      if (run.mode === 'worker') await refuseTooMany(caller, createRunStore(db))
      const hold = await credits.holdIn(db, bill, seconds)
      await createRunStore(db).insert(run, rights, events, traceParent)
      if (run.status === 'queued')
        await jobs.add(db, {
          kind: 'run',
          ownerId: run.ownerId,
          payload: { run_id: run.id },
          uniqueKey: `${run.id}:1`,
        })
      await within?.(db, run)
      return hold
    })
  }

  function place(caller: Caller, { parentId }: Run): () => void {
    if (!executor.hasRoom(coming)) throw noRoom()
    // The run that waits for it has a place, which it needs for one at a time.
    if (parentId !== null && !lending.has(parentId)) {
      lending.add(parentId)
      return () => void lending.delete(parentId)
    }
    const release = limits.acquireRun(caller)
    if (release) return release
    throw tooMany(caller, 'runs at a time')
  }

  return async (caller, order, within) => {
    const { run: prepared, guarded } = await prepare(caller, order)
    const isInline = prepared.status === 'running'
    const release = isInline ? place(caller, prepared) : () => {}
    const traceParent = context.getStore()?.traceParent ?? null
    if (isInline) coming += 1
    const { run, events, announced, held, model } = await firstHold(caller, prepared)
      .then(async first => {
        const begun = beginningOf(prepared, first)
        const held = await inTurn(() => store(caller, begun.run, begun.events, first, within, traceParent))
        return { ...begun, held, model: first.model }
      })
      .catch(error => {
        release()
        throw error
      })
      .finally(() => {
        if (isInline) coming -= 1
      })
    changed(run)
    const spoken = model ? `${model.provider}/${model.model}` : undefined
    log.info('run-start', { run_id: run.id, agent_id: run.agentId, mode: run.mode, ...placeOf(run, spoken) })
    if (isInline) {
      const taken = {
        run,
        announced,
        checkpointSeq: 1,
        crashes: 0,
        isCancelRequested: false,
        steps: [],
        approvals: [],
        begin: { lastSeq: run.lastSeq, events },
        held,
        guarded,
      }
      const { isAwaited = false } = order
      const options = { withJob: false, isAwaited }
      void executor.work({ ...taken, rights: rightsOf(caller) }, caller, options).finally(release)
    }
    return run
  }
}

/** Those of workers count wherever they are. @throws Problem `rate-limited`. */
async function refuseTooMany(caller: Caller, runs: Pick<RunStore, 'countOnWorkers'>): Promise<void> {
  const { userId, plan } = caller
  if (userId === null || plan.concurrent_runs === null) return
  if ((await runs.countOnWorkers(userId)) >= plan.concurrent_runs)
    throw tooMany(caller, 'runs that are on workers or wait for one')
}

function tooMany({ plan }: Caller, what: string): Problem {
  return new Problem(
    'rate-limited',
    `The plan ${plan.name} allows ${plan.concurrent_runs} ${what}. Wait until one of yours has ended.`,
    { retryAfterSeconds: 1 },
  )
}

/** The same rule as the policies of row-level security, for runs that are in memory. */
export function maySeeRun(caller: Pick<Caller, 'role' | 'userId'>, run: Pick<RunView, 'ownerId'>): boolean {
  if (caller.role === 'admin' || caller.role === 'service') return true
  return caller.userId !== null && run.ownerId === caller.userId
}

function rightsOf({ role, credential, kind, scopes }: Caller): Rights {
  return { role, credential, kind, scopes: [...scopes] }
}

/** An inline run tells in its first commit which model is asked first, so that its answer waits for no other. */
function beginningOf(prepared: Run, { model }: FirstStep) {
  const told = [startOf(prepared)]
  if (model && prepared.mode === 'inline') told.push({ type: 'step-start', step: 1, ...model })
  const events = told.map((event, index) => ({ seq: index + 1, data: JSON.stringify(event) }))
  const announced = told.length > 1 && model ? { ...model, seq: events.length } : null
  return { run: { ...prepared, lastSeq: events.length }, events, announced }
}

function startOf(run: Run): RunEvent {
  return {
    type: 'run-start',
    run_id: run.id,
    agent_id: run.agentId,
    agent_version: run.agentVersion,
    thread_id: run.threadId,
    mode: run.mode,
    has_schema: run.config.output_schema !== null,
  }
}
