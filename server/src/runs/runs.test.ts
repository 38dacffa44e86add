import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import type { JobTables } from '../jobs/store.ts'
import { newCaller } from '../testing/callers.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { assertWhole } from '../testing/run-events.ts'
import {
  answered,
  endOfStep,
  eventsOf,
  hasWritten,
  noTotals,
  question,
  stepDone,
  text,
  twoSteps,
} from '../testing/run-loops.ts'
import { openRunProcess } from '../testing/run-process.ts'
import { until } from '../testing/until.ts'
import type { Run } from './run.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

test('a run that is for a worker is done there, with the same numbers going on', async t => {
  const bus = createInProcessBus()
  const process = await openRunProcess(t, ground, {
    bus,
    works: true,
    loop: async work => {
      if (work.mode === 'worker') return await twoSteps(() => false)(work)
      work.stream.append(text('a'))
      await work.stream.checkpoint([endOfStep(1)], [stepDone(1, 1)])
      return { kind: 'promote', reason: 'heavy-tool', ...noTotals }
    },
  })
  const run = await process.runs.start(process.caller, question)
  const events = await eventsOf(process, run.id)
  assertWhole(events)
  assert.deepEqual(
    events.map(({ event }) => event.type),
    [
      'run-start',
      'text-delta',
      'step-end',
      'run-promote',
      'run-attempt',
      'text-delta',
      'text-delta',
      'step-end',
      'run-end',
    ],
  )
  assert.deepEqual(events[4]?.event, { type: 'run-attempt', attempt: 2, after: 4 })
})

test('a heavy agent is run by a worker from the start', async t => {
  const process = await openRunProcess(t, ground, {
    works: true,
    config: { is_heavy: true },
    loop: twoSteps(() => false),
  })
  const run = await process.runs.start(process.caller, question)
  assert.deepEqual([run.status, run.mode], ['queued', 'worker'])
  const ended = await process.runs.finished(process.caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.attempt, ended.mode], ['done', 1, 'worker'])
})

test('a loop that breaks ends its run with an error that tells nothing of our insides', async t => {
  const process = await openRunProcess(t, ground, {
    loop: async () => {
      throw new Error('secret detail')
    },
  })
  const run = await process.runs.start(process.caller, question)
  const events = await eventsOf(process, run.id)
  assertWhole(events)
  assert.equal(JSON.stringify(events).includes('secret'), false)
  assert.equal((await process.runs.get(process.caller, run.id)).error?.code, 'internal')
  const refused = await openRunProcess(t, ground, {
    loop: async () => ({
      kind: 'failed',
      error: new Problem('provider-failed', 'The provider broke off.'),
      output: 'half',
      ...noTotals,
    }),
  })
  const other = await refused.runs.start(refused.caller, question)
  const ended = await refused.runs.finished(refused.caller, other.id, AbortSignal.timeout(10_000))
  assert.deepEqual(ended.error, { code: 'provider-failed', detail: 'The provider broke off.' })
  assert.deepEqual([ended.status, ended.output], ['failed', 'half'])
})

test('a process takes no more runs than it is to have at once', async t => {
  const process = await openRunProcess(t, ground, { inlineRuns: 2, loop: twoSteps(() => true) })
  const { runs, caller } = process
  const started = await Promise.allSettled([1, 2, 3].map(() => runs.start(caller, question)))
  const [first] = started.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  assert.equal(started.filter(result => result.status === 'fulfilled').length, 2)
  await assert.rejects(runs.start(caller, question), { code: 'runs-overloaded', retryAfterSeconds: 1 })
  await runs.cancel(caller, first?.id ?? '')
  await until(
    async () => (await runs.get(caller, first?.id ?? '')).finishedAt !== null,
    'the first has ended',
  )
  await runs.start(caller, question)
})

test('heavy runs that wait or are done count against the plan wherever they are, and one that ended does not', async t => {
  const owner = await newCaller(system)
  const caller = { ...owner, plan: { ...owner.plan, name: 'small', concurrent_runs: 2 } }
  const options = { caller, config: { is_heavy: true }, loop: twoSteps(() => true) }
  const [here, there] = [await openRunProcess(t, ground, options), await openRunProcess(t, ground, options)]
  const started = await Promise.allSettled(
    [here, there, here, there].map(({ runs }) => runs.start(caller, question)),
  )
  const refused = started.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  assert.deepEqual(
    refused.map(({ code, status, message }) => [code, status, message]),
    Array(2).fill([
      'rate-limited',
      429,
      'The plan small allows 2 runs that are on workers or wait for one. Wait until one of yours has ended.',
    ]),
  )
  assert.equal((await here.runs.list(caller, { limit: 10 })).length, 2)
  const [first] = started.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  await here.runs.cancel(caller, first?.id ?? '')
  await there.runs.start(caller, question)
})

test('the end of a run in a thread is there before the thread is summarised', async t => {
  const agentId = randomUUID()
  await sql`insert into agents (id, slug, name, draft) values (${agentId}, ${agentId}, 'Agent', '{}')`.execute(
    system,
  )
  const told: Run[] = []
  const made = Promise.withResolvers<void>()
  const spans: string[] = []
  const process = await openRunProcess(t, ground, {
    loop: async () => answered('all'),
    tracer: { span: ({ name }) => void spans.push(name), close: async () => {} },
    summaries: {
      make(run) {
        told.push(run)
        return made.promise
      },
      close: async () => made.resolve(),
    },
  })
  const order = { agentId, threadId: randomUUID(), messages: question.messages }
  const run = await process.runs.start(process.caller, order)
  const events = await eventsOf(process, run.id)
  assert.equal(events.at(-1)?.event.type, 'run-end')
  const ended = await process.runs.finished(process.caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.output], ['done', 'all'])
  await until(() => told.length === 1, 'the thread is seen to')
  assert.deepEqual([told[0]?.id, told[0]?.stopped], [run.id, 'answered'])
  assert.deepEqual(spans, [], 'the trace is told when it is whole')
  made.resolve()
  await until(() => spans.length > 0, 'the spans of the run')
})

test('a run on a worker whose end could not be stored is begun again, and ends', async t => {
  const process = await openRunProcess(t, ground, {
    works: true,
    config: { is_heavy: true },
    loop: async ({ run }) => {
      // More than the column holds.
      const credits = run.attempt === 1 ? 1e30 : 0
      return answered(`${run.attempt}`, { credits })
    },
  })
  const run = await process.runs.start(process.caller, question)
  const ended = await process.runs.finished(process.caller, run.id, AbortSignal.timeout(20_000))
  assert.deepEqual([ended.status, ended.output], ['done', '2'])
})

test('a run ends although its agent and its thread were removed meanwhile', async t => {
  const agentId = randomUUID()
  await sql`insert into agents (id, slug, name, draft) values (${agentId}, ${agentId}, 'Agent', '{}')`.execute(
    system,
  )
  const process = await openRunProcess(t, ground, {
    loop: async () => {
      await sql`delete from agents where id = ${agentId}`.execute(system)
      return answered('all')
    },
  })
  const order = { agentId, threadId: randomUUID(), messages: question.messages }
  const run = await process.runs.start(process.caller, order)
  await process.runs.finished(process.caller, run.id, AbortSignal.timeout(10_000))
  const ended = await process.runs.get(process.caller, run.id)
  assert.deepEqual([ended.status, ended.output, ended.threadId], ['done', 'all', null])
})

test('an id in capitals is the same run and the same agent', async t => {
  const bus = createInProcessBus()
  const here = await openRunProcess(t, ground, { bus, loop: twoSteps((_work, step) => step === 2) })
  const there = await openRunProcess(t, ground, { bus, loop: twoSteps(() => false) })
  const run = await here.runs.start(here.caller, {
    ...question,
    agentId: question.agentId.toUpperCase(),
  })
  assert.equal(run.agentId, question.agentId)
  const loud = run.id.toUpperCase()
  const reading = eventsOf(there, loud)
  await hasWritten(there, loud, 5)
  await there.runs.cancel(there.caller, loud)
  const events = await reading
  assertWhole(events)
  assert.equal(
    (await there.runs.finished(there.caller, loud, AbortSignal.timeout(5000))).lastSeq,
    events.length,
  )
})
