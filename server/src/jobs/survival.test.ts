import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { HouseTables } from '../start/choose.ts'
import { endedJob } from '../testing/ended-job.ts'
import { testHouse } from '../testing/house.ts'
import { until } from '../testing/until.ts'
import type { JobContext, JobHandler, Json, NewJob } from './job.ts'
import { createLostJobs } from './lost-jobs.ts'

const service = serviceCaller('test')
/** What a job does, by its payload. */
const works = new Map<Json, (context: JobContext) => Promise<Json>>()
const ends: string[] = []

function handler(kind: string, more: Partial<JobHandler<HouseTables>> = {}): JobHandler<HouseTables> {
  const run: JobHandler['run'] = context => {
    const work = works.get(context.job.payload)
    assert.ok(work, `work for ${context.job.payload}`)
    return work(context)
  }
  return { kind, queue: 'model', maxAttempts: 3, timeoutMs: 30_000, run, ...more }
}

const house = await testHouse(
  { after },
  {},
  {
    handlers: [
      handler('plain'),
      handler('once', { maxAttempts: 1 }),
      handler('hasty', { maxAttempts: 2, timeoutMs: 1000 }),
    ],
  },
)
const { jobs, handlers } = house.house.background
const { database, queue } = house.ground

function add(payload: string, work: (context: JobContext) => Promise<Json>, more: Partial<NewJob> = {}) {
  works.set(payload, work)
  return database.as(service, db => jobs.add(db, { kind: 'plain', ownerId: null, payload, ...more }))
}

const ended = (id: string) => endedJob(jobs, id, 60_000)

async function ticketOf(id: string): Promise<string> {
  const { rows } = await sql<{ ticket: string }>`select ticket from jobs where id = ${id}`.execute(
    database.system,
  )
  return rows[0]?.ticket ?? ''
}

test('a storage that is away costs a job no attempt, and the job tells what it waits for', async () => {
  const told: (string | undefined)[] = []
  const { id } = await add(
    'outage',
    async ({ job }) => {
      told.push(job.error?.code)
      if (told.length <= 2) throw new Problem('storage-unavailable', 'The storage is away.')
      return 'fine'
    },
    { kind: 'once' },
  )
  const job = await ended(id)
  assert.deepEqual([job.status, job.result, job.attempt], ['done', 'fine', 1])
  assert.deepEqual(told, [undefined, 'storage-unavailable', 'storage-unavailable'])
})

test('a job whose own statement is too slow uses up its attempts', async () => {
  const slow = async () => {
    await sql`select pg_sleep(30)`.execute(database.system)
    return 'never'
  }
  const job = await ended((await add('slow', slow, { kind: 'once' })).id)
  assert.deepEqual([job.status, job.error?.code], ['failed', 'database-unavailable'])
})

test('a job that gets on in each attempt goes on for as long as it takes, and one that does not is given up', async () => {
  const parts = ['first', 'second', 'third']
  let begun = 0
  const slowly = await add(
    'slowly',
    async ({ step, signal }) => {
      begun += 1
      for (const part of parts) {
        let isNew = false
        await step(part, async () => {
          isNew = true
          return part
        })
        if (!isNew) continue
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        throw signal.reason
      }
      return 'whole'
    },
    { kind: 'hasty' },
  )
  const stuck = await add('stuck', () => new Promise((_, reject) => setTimeout(reject, 1100)), {
    kind: 'hasty',
  })
  const job = await ended(slowly.id)
  assert.deepEqual([job.status, job.result, begun], ['done', 'whole', parts.length + 1])
  const given = await ended(stuck.id)
  assert.deepEqual([given.status, given.attempt], ['failed', 2])
})

test('no job may take longer than the queue waits for it', async () => {
  const { rows } = await sql<{ ms: number }>`
    select min(expire_seconds) * 1000 as ms from roundhouse_queue.queue`.execute(database.system)
  const waitsMs = Number(rows[0]?.ms)
  assert.ok(waitsMs > 0)
  // Beside the time that it is given to stop.
  for (const { kind, timeoutMs } of handlers) assert.ok(timeoutMs + 60_000 < waitsMs, `${kind}: ${timeoutMs}`)
})

test('a job whose delivery is lost gets another, and those that a delivery carries keep theirs', async () => {
  const gate = Promise.withResolvers<Json>()
  const later = { startAt: new Date(Date.now() + 600_000) }
  const waiting = await add('waiting', async () => assert.fail('it ran'), later)
  const givenUp = await add('given up', async () => assert.fail('it ran'), later)
  const lost = await add('lost', async () => 'found', later)
  const lostHalfway = await add('lost halfway', async ({ job }) => job.attempt, later)
  const running = await add('running', () => gate.promise)
  await until(async () => (await jobs.get(service, running.id)).status === 'running', 'it runs')
  const all = [waiting, givenUp, lost, lostHalfway, running]
  const ticketsOf = () => Promise.all(all.map(({ id }) => ticketOf(id)))
  const before = await ticketsOf()
  const [, letter, ...gone] = before
  await sql`update jobs set run_at = now() - interval '2 minutes' where id = any(${all.map(({ id }) => id)}::uuid[])`.execute(
    database.system,
  )
  await sql`update jobs set status = 'running', claim = ${randomUUID()}, attempt = 1, started_at = now()
    where id = ${lostHalfway.id}`.execute(database.system)
  // As the queue does with what it gives up; nobody reads the letter yet.
  await sql`insert into roundhouse_queue.job (name, data, start_after)
    select 'model-dead', data, now() + interval '10 minutes' from roundhouse_queue.job where id = ${letter}`.execute(
    database.system,
  )
  await sql`delete from roundhouse_queue.job where id = any(${[letter, ...gone.slice(0, 2)]}::uuid[])`.execute(
    database.system,
  )
  const options = { database, queue, ids: createIds(), log: silentLog, handlers: () => handlers }
  await createLostJobs(options).find()
  assert.deepEqual([(await ended(lost.id)).result, (await ended(lostHalfway.id)).result], ['found', 2])
  gate.resolve('undisturbed')
  const undisturbed = await ended(running.id)
  assert.deepEqual([undisturbed.result, undisturbed.attempt], ['undisturbed', 1])
  const now = await ticketsOf()
  assert.deepEqual(
    now.map((ticket, index) => ticket === before[index]),
    [true, true, false, false, true],
  )
  assert.equal((await jobs.cancel(service, waiting.id)).status, 'cancelled')
  assert.equal((await jobs.cancel(service, givenUp.id)).status, 'cancelled')
})

test('a process that does not know a kind gives none of its jobs up; one that does ends it with all that belongs to it', async () => {
  const id = randomUUID()
  const ticket = randomUUID()
  await database.asSystem(async db => {
    await sql`insert into jobs (id, kind, payload, status, attempt, max_attempts, crashes, claim, ticket, run_at, started_at)
      values (${id}, 'newer', '"newer"', 'running', 3, 3, 2, ${randomUUID()}, ${ticket}, now(), now())`.execute(
      db,
    )
    await queue.add(db, [{ queue: 'model', ticket, jobId: id, priority: 0 }])
  })
  await until(async () => (await ticketOf(id)) !== ticket, 'it is handed back')
  assert.equal((await jobs.get(service, id)).status, 'queued')
  handlers.push(
    handler('newer', {
      async ended(_db, { status, error }) {
        ends.push(`${status} ${error?.code}`)
      },
    }),
  )
  works.set('newer', async () => assert.fail('it ran'))
  assert.equal((await ended(id)).status, 'failed')
  assert.deepEqual(ends, ['failed job-crashed'])
})
