import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import type { JobTables } from '../jobs/store.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { assertWhole } from '../testing/run-events.ts'
import {
  aborted,
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
import type { RunLoop } from './stream.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

test('a run is cancelled wherever it is: here, elsewhere, in the queue, or while it waits', async t => {
  const bus = createInProcessBus()
  const stuck: RunLoop = async work => {
    work.stream.append(text('a'))
    await aborted(work)
    return { kind: 'cancelled', output: 'a', ...noTotals }
  }
  const here = await openRunProcess(t, ground, { bus, loop: stuck })
  const there = await openRunProcess(t, ground, { bus, loop: stuck, config: { is_heavy: true } })
  const waits = await openRunProcess(t, ground, {
    bus,
    loop: async () => ({ kind: 'waiting', questions: [], ...noTotals }),
  })
  for (const [owner, asker] of [
    [here, here],
    [here, there],
    [there, here],
    [waits, here],
  ] as const) {
    const run = await owner.runs.start(owner.caller, question)
    await until(async () => {
      const { status } = await here.runs.get(here.caller, run.id)
      return owner !== waits || status === 'waiting'
    }, 'it is where it is to be')
    await asker.runs.cancel(asker.caller, run.id)
    await until(
      async () => (await here.runs.get(here.caller, run.id)).status === 'cancelled',
      'it was cancelled',
    )
    const events = await eventsOf(here, run.id)
    assertWhole(events)
    assert.equal(events.at(-1)?.event.type, 'run-cancel')
    assert.equal((await here.runs.cancel(here.caller, run.id)).status, 'cancelled')
  }
})

test('a run that begins while it is cancelled in the queue is cancelled all the same', async t => {
  const process = await openRunProcess(t, ground, {
    config: { is_heavy: true },
    loop: twoSteps(() => true),
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  let cancelling: Promise<unknown> | undefined
  await ground.database.asSystem(async db => {
    // As if a process had just taken it, which is not committed yet.
    await sql`update runs set status = 'running', started_at = now(), lease_until = now() + interval '20 s'
      where id = ${run.id}`.execute(db)
    cancelling = runs.cancel(caller, run.id)
    await until(async () => {
      const { rows } = await sql`select 1 from pg_locks where not granted`.execute(system)
      return rows.length > 0
    }, 'the cancel waits for the row')
  })
  await cancelling
  const { rows } = await sql`
    select status, cancel_requested_at is not null as asked from runs where id = ${run.id}`.execute(system)
  assert.deepEqual(rows, [{ status: 'running', asked: true }])
})

test('a run that is cancelled while its work does not hear costs what its steps did', async t => {
  const process = await openRunProcess(t, ground, {
    loop: async ({ stream }) => {
      await stream.checkpoint([endOfStep(1)], [stepDone(1, 1, { credits: 3 })])
      return await new Promise<never>(() => {})
    },
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  await hasWritten(process, run.id, 2)
  await runs.cancel(caller, run.id)
  const ended = await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.credits, ended.usage.inputTokens], ['cancelled', 3, 1])
  const last = (await eventsOf(process, run.id)).at(-1)?.event
  assert.deepEqual(last, { type: 'run-cancel', credits: 3 })
})
