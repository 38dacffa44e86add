import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import type { JobTables } from '../../jobs/store.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { answered, eventsOf, question, twoSteps } from '../../testing/run-loops.ts'
import { openRunProcess } from '../../testing/run-process.ts'
import { createEventStore } from './store.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

test('events go after the retention, the run stays, and who asks for them is told so', async t => {
  const process = await openRunProcess(t, ground, { loop: twoSteps(() => false) })
  const { runs, caller } = process
  const run = await runs.start(caller, question)
  await runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  await sql`update runs set finished_at = now() - interval '8 days' where id = ${run.id}`.execute(system)
  await process.sweep()
  const ended = await runs.get(caller, run.id)
  assert.deepEqual([ended.status, ended.output, ended.lastSeq], ['done', 'all', 8])
  await assert.rejects(eventsOf(process, run.id), { code: 'run-events-gone' })
  const { rows } = await sql`
    select config, input, memory, (select count(*)::int from run_steps where run_id = id and message is not null) as said,
      (select count(*)::int from run_steps where run_id = id) as steps
    from runs where id = ${run.id}`.execute(system)
  assert.deepEqual(rows, [{ config: {}, input: [], memory: [], said: 0, steps: 2 }])
  assert.equal(await createEventStore(system).prune(7), false, 'it is not looked at again')
})

test('a run of very many events is emptied a part at a time, and only then said to be', async t => {
  const process = await openRunProcess(t, ground, { loop: async () => answered('all') })
  const { runs, caller } = process
  const ids = [await runs.start(caller, question), await runs.start(caller, question)].map(({ id }) => id)
  for (const id of ids) await runs.finished(caller, id, AbortSignal.timeout(10_000))
  await sql`insert into run_events (run_id, seq, data)
    select ${ids[0]}, seq, '{}' from generate_series(100, 112) as seq`.execute(system)
  await sql`update runs set finished_at = now() - interval '8 days' where id = any(${ids})`.execute(system)
  const state = async () => {
    const { rows } = await sql<{ left: number; pruned: number }>`
      select (select count(*)::int from run_events where run_id = any(${ids})) as left,
        count(pruned_at)::int as pruned from runs where id = any(${ids})`.execute(system)
    return rows[0]
  }
  const { left: before = 0 } = (await state()) ?? {}
  const { prune } = createEventStore(system)
  assert.equal(await prune(7, 10), true)
  assert.deepEqual(await state(), { left: before - 10, pruned: 0 })
  while (await prune(7, 10));
  assert.deepEqual(await state(), { left: 0, pruned: 2 })
})
