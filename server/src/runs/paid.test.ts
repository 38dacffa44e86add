import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import type { JobTables } from '../jobs/store.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { answered, noTotals, question } from '../testing/run-loops.ts'
import { openRunProcess } from '../testing/run-process.ts'
import { until } from '../testing/until.ts'
import type { RunOutcome } from './stream.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const { system } = ground.database

async function member(credits: number): Promise<Caller> {
  const id = randomUUID()
  await sql`insert into users (id, name, email, plan) values (${id}, 'Ada', ${`${id}@example.com`}, 'unlimited')`.execute(
    system,
  )
  const { balance } = await accountOf(id)
  await sql`select grant_credits(${id}, ${credits - balance}, 'test', ${id})`.execute(system)
  return { ...serviceCaller('test'), role: 'member', kind: 'api-key', userId: id, limitKey: id }
}

async function accountOf(userId: string | null): Promise<{ balance: number; held: number }> {
  const { rows } = await sql<{ balance: number; held: number }>`
    select balance::float8 as balance, held::float8 as held from credit_accounts where user_id = ${userId}`.execute(
    system,
  )
  return rows[0] ?? { balance: -1, held: -1 }
}

test('of 200 runs at once on a budget for 50 exactly 50 are done and paid, the others never were', async t => {
  const caller = await member(50 * 3)
  const process = await openRunProcess(t, ground, {
    caller,
    price: 3,
    inlineRuns: 200,
    loop: async () => answered('x', { credits: 3 }),
  })
  const started = await Promise.allSettled(
    Array.from({ length: 200 }, () => process.runs.start(caller, question)),
  )
  const refusals = started.flatMap(result => (result.status === 'rejected' ? [result.reason.code] : []))
  assert.equal(refusals.length, 150)
  assert.deepEqual([...new Set(refusals)], ['insufficient-credits'])
  await until(() => process.ended.length === 50, 'all have ended')
  assert.deepEqual(await accountOf(caller.userId), { balance: 0, held: 0 })
  assert.equal((await process.runs.list(caller, { limit: 100 })).length, 50)
})

test('a run pays for what it came to, however it ends, and the rest of what it held is free again', async t => {
  const outcomes: RunOutcome[] = [
    answered('x', { credits: 4 }),
    { kind: 'failed', error: new Error('broken'), output: null, ...noTotals, credits: 2 },
    { kind: 'cancelled', output: null, ...noTotals, credits: 1 },
    { kind: 'failed', error: new Error('broken'), output: null, ...noTotals },
  ]
  for (const outcome of outcomes) {
    const caller = await member(10)
    const process = await openRunProcess(t, ground, { caller, price: 10, loop: async () => outcome })
    const run = await process.runs.start(caller, question)
    const ended = await process.runs.finished(caller, run.id, AbortSignal.timeout(10_000))
    assert.equal(ended.credits, outcome.credits)
    assert.deepEqual(await accountOf(caller.userId), { balance: 10 - outcome.credits, held: 0 })
  }
})

test('a run that is cancelled before a worker began it costs nothing', async t => {
  const caller = await member(10)
  const process = await openRunProcess(t, ground, {
    caller,
    price: 10,
    config: { is_heavy: true },
    loop: async () => ({ kind: 'left', ...noTotals }),
  })
  const run = await process.runs.start(caller, question)
  assert.deepEqual(await accountOf(caller.userId), { balance: 10, held: 10 })
  assert.equal((await process.runs.cancel(caller, run.id)).status, 'cancelled')
  assert.deepEqual(await accountOf(caller.userId), { balance: 10, held: 0 })
})
