import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import type { JobTables } from '../jobs/store.ts'
import { context } from '../kit/context.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { assertWhole, textOf } from '../testing/run-events.ts'
import {
  aborted,
  answered,
  eventsOf,
  hasWritten,
  noTotals,
  question,
  twoSteps,
} from '../testing/run-loops.ts'
import { openRunProcess } from '../testing/run-process.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { createRunStore } from './store.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

/** As if its process had fallen silent 20 s ago. */
async function endLease(id: string): Promise<void> {
  await sql`update runs set lease_until = now() - interval '1 s' where id = ${id}`.execute(system)
}

/** A run for workers that no job is under way to bring them. */
async function loseJobs(id: string): Promise<void> {
  await sql`update jobs set status = 'failed', finished_at = now() where payload ->> 'run_id' = ${id}`.execute(
    system,
  )
}

test('a run whose process is gone goes on from its last checkpoint on a worker, in the same stream', async t => {
  const bus = createInProcessBus()
  const dead = await openRunProcess(t, ground, { bus, loop: twoSteps((_work, step) => step === 2) })
  const alive = await openRunProcess(t, ground, { bus, works: true, loop: twoSteps(() => false) })
  const run = await dead.runs.start(dead.caller, question)
  const reading = eventsOf(dead, run.id)
  await hasWritten(dead, run.id, 5)
  await endLease(run.id)
  await alive.takeover.takeAbandoned()
  const events = await reading
  assertWhole(events)
  const attempt = events.find(({ event }) => event.type === 'run-attempt')
  assert.deepEqual(attempt?.event, { type: 'run-attempt', attempt: 2, after: 4 })
  assert.equal(textOf(events), '[1:1][2:2]')
  const ended = await alive.runs.get(alive.caller, run.id)
  assert.deepEqual(
    [ended.status, ended.attempt, ended.mode, ended.lastSeq],
    ['done', 2, 'worker', events.length],
  )
  assert.deepEqual(
    (await alive.runs.trace(alive.caller, run.id)).map(span => [span.kind, span.status]),
    [
      ['run', 'done'],
      ['llm', 'done'],
      ['llm', 'done'],
    ],
  )
})

test('where nobody works on jobs the run goes on in a process that answers', async t => {
  const bus = createInProcessBus()
  const dead = await openRunProcess(t, ground, { bus, loop: twoSteps((_work, step) => step === 2) })
  const alive = await openRunProcess(t, ground, { bus, loop: twoSteps(() => false) })
  const run = await dead.runs.start(dead.caller, question)
  await hasWritten(dead, run.id, 5)
  await alive.takeover.takeAbandoned()
  assert.equal(
    (await alive.runs.get(alive.caller, run.id)).attempt,
    1,
    'whose lease has not ended is left alone',
  )
  await endLease(run.id)
  await alive.takeover.takeAbandoned()
  const ended = await alive.runs.finished(alive.caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.attempt, ended.mode], ['done', 2, 'inline'])
  assertWhole(await eventsOf(alive, run.id))
})

test('what a run does elsewhere stands under the request that began it, in the name of its owner', async t => {
  const seen: unknown[] = []
  const bus = createInProcessBus()
  const userId = randomUUID()
  await sql`insert into users (id, name, email, plan) values (${userId}, 'Ada', 'ada@example.com', 'unlimited')`.execute(
    system,
  )
  const caller = { ...serviceCaller('test'), userId }
  const note = (works: boolean) =>
    openRunProcess(t, ground, {
      bus,
      works,
      caller,
      loop: async work => {
        const { requestId, userId } = context.getStore() ?? {}
        seen.push([work.run.attempt, requestId, userId])
        if (work.run.attempt === 1) await aborted(work)
        return work.signal.aborted ? { kind: 'left', ...noTotals } : answered('all')
      },
    })
  const dead = await note(false)
  const run = await context.run({ requestId: 'the-first', userId }, () => dead.runs.start(caller, question))
  await hasWritten(dead, run.id, 1)
  await endLease(run.id)
  const alive = await note(true)
  await context.run({ requestId: 'another', userId: null }, alive.takeover.takeAbandoned)
  await alive.runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual(seen, [
    [1, 'the-first', userId],
    [2, 'the-first', userId],
  ])
})

test('a worker that was only silent is no crash of its run', async t => {
  const bus = createInProcessBus()
  const silent = await openRunProcess(t, ground, {
    bus,
    works: true,
    config: { is_heavy: true },
    loop: twoSteps(() => true),
  })
  const run = await silent.runs.start(silent.caller, question)
  await hasWritten(silent, run.id, 2)
  const crashes = sql<{ crashes: number }>`select crashes from runs where id = ${run.id}`
  let counted: unknown
  const other = await openRunProcess(t, ground, {
    bus,
    loop: async () => {
      counted = (await crashes.execute(system)).rows
      return answered('all')
    },
  })
  await other.takeover.takeAbandoned()
  const ended = await other.runs.finished(other.caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.attempt, counted], ['done', 2, [{ crashes: 0 }]])
})

test('a run for a worker whose job is over is brought to one all the same', async t => {
  const bus = createInProcessBus()
  const loop = twoSteps(() => false)
  const asked = await openRunProcess(t, ground, { bus, loop, config: { is_heavy: true } })
  const waiting = await asked.runs.start(asked.caller, question)
  const begun = await asked.runs.start(asked.caller, question)
  for (const { id } of [waiting, begun]) await loseJobs(id)
  await sql`update runs set status = 'running', started_at = now() where id = ${begun.id}`.execute(system)
  const working = await openRunProcess(t, ground, { bus, loop, works: true })
  await working.takeover.takeAbandoned()
  for (const { id } of [waiting, begun]) {
    const ended = await asked.runs.finished(asked.caller, id, AbortSignal.timeout(10_000))
    assert.deepEqual([ended.status, ended.output], ['done', 'all'])
  }
})

test('a run may take longer than the queue waits for a job: it goes on with another', async t => {
  const clock = turnedClock(Date.now())
  const process = await openRunProcess(t, ground, {
    works: true,
    clock,
    config: { is_heavy: true },
    loop: twoSteps((work, step) => step === 2 && work.run.attempt === 1),
  })
  const run = await process.runs.start(process.caller, question)
  await hasWritten(process, run.id, 5)
  clock.turn(23 * 3600 * 1000)
  const statusOf = async () => (await process.runs.get(process.caller, run.id)).status
  await until(async () => (await statusOf()) === 'queued', 'it was let go of')
  // The job is over a moment after that.
  await until(async () => {
    await process.takeover.takeAbandoned()
    return (await statusOf()) !== 'queued'
  }, 'it was brought to a worker')
  const ended = await process.runs.finished(process.caller, run.id, AbortSignal.timeout(20_000))
  assert.deepEqual([ended.status, ended.attempt, ended.output], ['done', 2, 'all'])
})

test('a run whose process ends each time without getting on is given up after the sixth', async t => {
  const loop = twoSteps(() => true)
  const process = await openRunProcess(t, ground, { loop })
  const { runs, caller, takeover } = process
  const run = await runs.start(caller, question)
  for (let crash = 1; crash <= 6; crash += 1) {
    assert.equal((await runs.get(caller, run.id)).status, 'running')
    await endLease(run.id)
    await takeover.takeAbandoned()
  }
  const ended = await runs.get(caller, run.id)
  assert.deepEqual([ended.status, ended.error?.code], ['failed', 'job-crashed'])
  assertWhole(await eventsOf(process, run.id))
})

test('however often its workers end, a run that gets on in between is not given up', async t => {
  const bus = createInProcessBus()
  const loop = twoSteps(() => false)
  const asked = await openRunProcess(t, ground, { bus, loop, config: { is_heavy: true } })
  const run = await asked.runs.start(asked.caller, question)
  // As if ten had begun its job and were gone, each behind one more step.
  await sql`update jobs set status = 'running', started_at = now(), claim = gen_random_uuid(), attempt = 10, crashes = 9
    where payload ->> 'run_id' = ${run.id}`.execute(system)
  const working = await openRunProcess(t, ground, { bus, loop, works: true })
  const ended = await working.runs.finished(working.caller, run.id, AbortSignal.timeout(20_000))
  assert.deepEqual([ended.status, ended.output], ['done', 'all'])
})

test('a run whose owner may not be here any more ends with that, and those behind it go on', async t => {
  let asked = 0
  const bus = createInProcessBus()
  const dead = await openRunProcess(t, ground, { bus, loop: twoSteps(() => true) })
  const alive = await openRunProcess(t, ground, {
    bus,
    loop: twoSteps(() => false),
    isOwnerGone() {
      asked += 1
      return asked === 1
    },
  })
  const first = await dead.runs.start(dead.caller, question)
  const second = await dead.runs.start(dead.caller, question)
  for (const run of [second, first]) {
    await hasWritten(dead, run.id, 2)
    await endLease(run.id)
  }
  await sql`update runs set lease_until = lease_until - interval '1 h' where id = ${first.id}`.execute(system)
  await alive.takeover.takeAbandoned()
  const refused = await alive.runs.get(alive.caller, first.id)
  assert.deepEqual([refused.status, refused.error?.code], ['failed', 'forbidden'])
  const ended = await alive.runs.finished(alive.caller, second.id, AbortSignal.timeout(10_000))
  assert.equal(ended.status, 'done')
})

test('where nobody works on jobs a run that is for a worker is done in a process that answers', async t => {
  const process = await openRunProcess(t, ground, {
    config: { is_heavy: true },
    loop: twoSteps(() => false),
  })
  const { runs, caller, takeover } = process
  const run = await runs.start(caller, question)
  assert.equal(run.status, 'queued')
  await takeover.takeAbandoned()
  const ended = await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.attempt, ended.output], ['done', 1, 'all'])
})

test('after the database was away runs are left to their processes, which renew their leases first', async t => {
  let isAway = true
  const process = await openRunProcess(t, ground, {
    loop: twoSteps(() => true),
    hasWorkers: async () => {
      if (isAway) throw new Problem('database-unavailable', 'The database does not answer.')
      return true
    },
  })
  const { runs, caller, takeover } = process
  const run = await runs.start(caller, question)
  await endLease(run.id)
  await assert.rejects(takeover.takeAbandoned(), { code: 'database-unavailable' })
  isAway = false
  await takeover.takeAbandoned()
  assert.equal((await runs.get(caller, run.id)).status, 'running')
  const store = createRunStore(system)
  await store.renew([run])
  assert.equal(await store.requeue(run), null, 'one whose lease was renewed is not taken from its process')
})
