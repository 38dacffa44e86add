import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import type { JobTables } from '../../jobs/store.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { assertWhole } from '../../testing/run-events.ts'
import { answered, eventsOf, noTotals, question } from '../../testing/run-loops.ts'
import { openRunProcess } from '../../testing/run-process.ts'
import { until } from '../../testing/until.ts'
import type { Approval, RunLoop } from '../stream.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

/** Asks a person once, then ends with what `goOn` makes of the answer. */
function asking(
  id: string,
  goOn: (answer: NonNullable<Approval['answer']>) => string,
  expiresInMs = 60_000,
): RunLoop {
  return async ({ approvals }) => {
    const answer = approvals[0]?.answer
    if (answer) return answered(goOn(answer))
    const asked = { step: 1, callId: 'a', tool: 'pay', arguments: '{}', reason: 'approval' as const }
    const expiresAt = new Date(Date.now() + expiresInMs)
    return { kind: 'waiting', questions: [{ ...asked, id, expiresAt }], ...noTotals }
  }
}

test('a run that asks a person waits, whoever stops meanwhile, and goes on with the answer', async t => {
  const approvalId = randomUUID()
  const told: unknown[] = []
  const process = await openRunProcess(t, ground, {
    works: true,
    loop: asking(approvalId, answer => {
      told.push(answer)
      return 'went on'
    }),
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  const waiting = await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([waiting.status, waiting.lastSeq], ['waiting', 2])
  const yes = { approved: true, note: 'Go on' }
  await assert.rejects(runs.answer(caller, run.id, randomUUID(), yes), { code: 'resource-not-found' })
  await runs.answer(caller, run.id, approvalId, yes)
  const events = await eventsOf(process, run.id)
  assertWhole(events)
  assert.deepEqual(told, [yes])
  assert.equal(events[2]?.event.type, 'approval-answer')
  assert.equal(
    (await runs.answer(caller, run.id, approvalId, yes)).status,
    'done',
    'the same answer again is fine',
  )
  await assert.rejects(runs.answer(caller, run.id, approvalId, { ...yes, approved: false }), {
    code: 'conflict',
  })
})

test('a question can be answered as soon as it is told', async t => {
  const approvalId = randomUUID()
  const process = await openRunProcess(t, ground, {
    works: true,
    loop: asking(approvalId, () => 'yes'),
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  let isAnswered = false
  for await (const group of runs.follow(caller, run.id, 0, AbortSignal.timeout(10_000)))
    for (const { data } of group) {
      if (!data.includes('approval-request')) continue
      assert.ok(data.includes(approvalId))
      assert.equal((await runs.get(caller, run.id)).status, 'waiting')
      await runs.answer(caller, run.id, approvalId, { approved: true, note: null })
      isAnswered = true
    }
  assert.ok(isAnswered)
  assert.equal((await runs.get(caller, run.id)).output, 'yes')
})

test('a question that nobody answers is denied when its time is over', async t => {
  const approvalId = randomUUID()
  const process = await openRunProcess(t, ground, {
    works: true,
    loop: asking(approvalId, answer => String(answer.approved), 0),
  })
  const { runs, caller, takeover } = process
  const run = await runs.start(caller, question)
  await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  await takeover.denyExpired()
  await until(async () => (await runs.get(caller, run.id)).output === 'false', 'the run went on with a no')
})

test('a question that cannot be denied now keeps no other from being denied', async t => {
  const ids = [randomUUID(), randomUUID()]
  const process = await openRunProcess(t, ground, {
    works: true,
    loop: async work => asking(ids[work.run.input.length - 1] ?? '', () => 'went on', 0)(work),
  })
  const { runs, caller, takeover } = process
  const first = await runs.start(caller, question)
  await runs.finished(caller, first.id, AbortSignal.timeout(10_000))
  const second = await runs.start(caller, {
    ...question,
    messages: [...question.messages, ...question.messages],
  })
  await runs.finished(caller, second.id, AbortSignal.timeout(10_000))
  await ground.database.asSystem(async db => {
    await sql`select 1 from runs where id = ${first.id} for update`.execute(db)
    // The first is not to be had for so long.
    await takeover.denyExpired()
  })
  const ended = await runs.finished(caller, second.id, AbortSignal.timeout(10_000))
  assert.equal(ended.output, 'went on')
  assert.equal((await runs.get(caller, first.id)).status, 'waiting')
  await takeover.denyExpired()
  await until(async () => (await runs.get(caller, first.id)).output === 'went on', 'the first is denied too')
})

test('the question of a heavy run can be answered while the job that asked is still there', async t => {
  const approvalId = randomUUID()
  const process = await openRunProcess(t, ground, {
    works: true,
    config: { is_heavy: true },
    loop: asking(approvalId, () => 'on'),
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  const job = sql`jobs where payload ->> 'run_id' = ${run.id}`
  await until(async () => {
    const { rows } = await sql<{ status: string }>`select status from ${job}`.execute(system)
    return rows[0]?.status === 'done'
  }, 'its job is over')
  await sql`update jobs set status = 'running', finished_at = null where payload ->> 'run_id' = ${run.id}`.execute(
    system,
  )
  await runs.answer(caller, run.id, approvalId, { approved: true, note: null })
  const ended = await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.output], ['done', 'on'])
})

test('a run that is cancelled while it begins to wait is cancelled, not kept waiting', async t => {
  const process = await openRunProcess(t, ground, {
    loop: async ({ run, signal }) => {
      // As if somebody did while the questions are on their way.
      await sql`update runs set cancel_requested_at = now() where id = ${run.id}`.execute(system)
      assert.equal(signal.aborted, false)
      return { kind: 'waiting', questions: [], ...noTotals }
    },
  })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  const ended = await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.equal(ended.status, 'cancelled')
  assertWhole(await eventsOf(process, run.id))
})
