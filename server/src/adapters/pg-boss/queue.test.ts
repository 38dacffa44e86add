import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { silentLog } from '../../kit/log.ts'
import { queueContract } from '../../ports/queue.contract.ts'
import type { GivenUp } from '../../ports/queue.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { until } from '../../testing/until.ts'
import { queueSchema } from './names.ts'
import { openPgBossQueue } from './queue.ts'

const { adminUrl, appUrl, database } = await openTestDatabase<unknown>({ after }, { max: 3, systemMax: 3 })
const open = (works = true) =>
  openPgBossQueue({ connection: { connectionString: appUrl }, works, log: silentLog })
const transaction = <Result>(work: (db: Kysely<unknown>) => Promise<Result>) => database.asSystem(work)

queueContract('pg-boss', { open, transaction })

test('a process that only adds tells how much waits, and those who work are woken at once', async t => {
  const office = await open(false)
  t.after(() => office.close())
  const worker = await open()
  t.after(() => worker.close())
  const taken = Promise.withResolvers<string>()
  await worker.work('task', { atOnce: 1 }, async ({ jobId }) => {
    taken.resolve(jobId)
    return 'settled'
  })
  const entry = { queue: 'task', ticket: randomUUID(), jobId: randomUUID(), priority: 0 } as const
  await transaction(db => office.add(db, [entry]))
  assert.equal(await taken.promise, entry.jobId)
  await transaction(db => office.add(db, [{ ...entry, queue: 'batch', ticket: randomUUID() }]))
  await until(
    async () => (await office.depths()).some(({ queue, waiting }) => queue === 'batch' && waiting === 1),
    'the one that nobody works on is counted',
    20_000,
  )
})

test('who loses a delivery to another is told', async t => {
  const queue = await open()
  t.after(() => queue.close())
  const begun = Promise.withResolvers<AbortSignal>()
  await queue.work('model', { atOnce: 1 }, async ({ signal }) => {
    begun.resolve(signal)
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    return 'settled'
  })
  const entry = { queue: 'model', ticket: randomUUID(), jobId: randomUUID(), priority: 0 } as const
  await transaction(db => queue.add(db, [entry]))
  const signal = await begun.promise
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  t.after(() => admin.end())
  await admin.query(`update ${queueSchema}.job set retry_count = retry_count + 1 where id = $1`, [
    entry.ticket,
  ])
  await until(() => signal.aborted, 'the signal aborts', 10_000)
})

test('what is given up is told with its ticket, and again when that failed', async t => {
  const queue = await open()
  t.after(() => queue.close())
  const entry = { queue: 'task', ticket: randomUUID(), jobId: randomUUID(), priority: 0 } as const
  await transaction(db => queue.add(db, [entry]))
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  t.after(() => admin.end())
  await admin.query(`update ${queueSchema}.job set retry_limit = 0 where id = $1`, [entry.ticket])
  const told: GivenUp[] = []
  await queue.onGivenUp(async givenUp => {
    told.push(givenUp)
    if (told.length === 1) throw new Error('not now')
  })
  await queue.work('task', { atOnce: 1 }, async () => {
    throw new Error('never')
  })
  await until(() => told.length === 2, 'it is told again', 30_000)
  for (const { ticket, jobId } of told) assert.deepEqual([ticket, jobId], [entry.ticket, entry.jobId])
})

test('a row of the queue that carries no job stops nothing', async t => {
  const queue = await open()
  t.after(() => queue.close())
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  t.after(() => admin.end())
  await admin.query(
    `insert into ${queueSchema}.job (name, data, priority)
     values ('task', null, 9), ('task', '{}', 9), ('task', '{"job_id": 1, "ticket": null}', 9)`,
  )
  const entry = { queue: 'task', ticket: randomUUID(), jobId: randomUUID(), priority: 0 } as const
  await transaction(db => queue.add(db, [entry]))
  const delivered: string[] = []
  await queue.work('task', { atOnce: 1 }, async ({ jobId }) => {
    delivered.push(jobId)
    return 'settled'
  })
  await until(() => delivered.length > 0, 'the one that carries a job is delivered', 30_000)
  assert.deepEqual(delivered, [entry.jobId])
})
