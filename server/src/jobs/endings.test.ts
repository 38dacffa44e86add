import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import type { HouseTables } from '../start/choose.ts'
import { endedJob } from '../testing/ended-job.ts'
import { testHouse } from '../testing/house.ts'
import { until } from '../testing/until.ts'
import type { JobContext, JobHandler, Json, NewJob } from './job.ts'

const service = serviceCaller('test')
/** What a job does, by its payload. */
const works = new Map<Json, (context: JobContext) => Promise<Json>>()
/** What its end does beside noting it. */
const hooks = new Map<Json, () => void>()
const ends: string[] = []

const hooked: JobHandler<HouseTables> = {
  kind: 'hooked',
  queue: 'model',
  maxAttempts: 3,
  timeoutMs: 20_000,
  run(context) {
    const work = works.get(context.job.payload)
    assert.ok(work, `work for ${context.job.payload}`)
    return work(context)
  },
  async ended(_db, { payload, status, error }) {
    hooks.get(payload)?.()
    ends.push(`${payload} ${status} ${error?.code ?? 'well'}`)
  },
}
const house = await testHouse({ after }, {}, { handlers: [hooked] })
const { jobs } = house.house.background
const { database } = house.ground

function add(payload: string, work: (context: JobContext) => Promise<Json>, more: Partial<NewJob> = {}) {
  works.set(payload, work)
  return database.as(service, db => jobs.add(db, { kind: 'hooked', ownerId: null, payload, ...more }))
}

/** Waits longer than the test. */
const addLater = (payload: string) =>
  add(payload, async () => assert.fail('it ran'), { startAt: new Date(Date.now() + 600_000) })

const ended = (id: string) => endedJob(jobs, id, 30_000)

const endsOf = (payload: string) => ends.filter(text => text.startsWith(`${payload} `))

test('a result that the database cannot hold fails the job at once, and its end happens as that of a failed one', async () => {
  let runs = 0
  const { id } = await add('nul', async ({ progress }) => {
    runs += 1
    progress(1, 1, 'rows')
    return 'a\u0000b'
  })
  const job = await ended(id)
  assert.deepEqual(
    [job.status, job.attempt, job.error],
    ['failed', 1, { code: 'internal', detail: 'The result of the job could not be stored.' }],
  )
  assert.equal(job.result, null)
  assert.equal(runs, 1)
  assert.deepEqual(endsOf('nul'), ['nul failed internal'])
})

test('a step whose result cannot be stored fails the job at once: what it does outside happens once', async () => {
  let effects = 0
  const { id } = await add('odd step', async ({ step }) => {
    await step('fine', async () => 1)
    return step('pay', async () => {
      effects += 1
      return 'a\u0000b'
    })
  })
  const job = await ended(id)
  assert.deepEqual(
    [job.status, job.attempt, job.error],
    ['failed', 1, { code: 'internal', detail: 'The result of the step pay could not be stored.' }],
  )
  assert.equal(effects, 1)
})

test('a step with a name that cannot be kept is refused before it does anything', async () => {
  for (const [index, name] of ['', 'a\u0000b', '\ud83d', 'x'.repeat(201)].entries()) {
    const payload = `odd name ${index}`
    const { id } = await add(payload, ({ step }) => step(name, async () => assert.fail('it was done')))
    const job = await ended(id)
    assert.deepEqual([job.status, job.attempt], ['failed', 1], name)
    assert.match(job.error?.detail ?? '', /^The name of a step is/)
  }
  const longest = await add('longest name', ({ step }) => step('\u{1f600}'.repeat(200), async () => 'kept'))
  assert.equal((await ended(longest.id)).result, 'kept')
})

test('progress that cannot be stored is told where it is counted, and a job that goes on without it is done', async () => {
  const { id } = await add('odd progress', async ({ progress }) => {
    const told: string[] = []
    const wrong = [
      [0.5, 1, 'files'],
      [Number.NaN, 1, 'files'],
      [-1, null, 'files'],
      [1, 1.5, 'files'],
      [1, 1, 'fi\u0000les'],
    ] as const
    for (const [done, total, unit] of wrong)
      try {
        progress(done, total, unit)
      } catch (error) {
        told.push(error instanceof TypeError ? 'TypeError' : String(error))
      }
    progress(1, 2, 'files')
    return told
  })
  const job = await ended(id)
  assert.deepEqual([job.status, job.result], ['done', Array.from({ length: 5 }, () => 'TypeError')])
  assert.deepEqual(job.progress, { done: 1, total: 2, unit: 'files' })
})

test('why a job failed is told without the characters that the database cannot hold', async () => {
  const { id } = await add('odd words', async () => {
    throw new Problem('invalid-request', 'Row a\u0000b holds \ud83d.')
  })
  const job = await ended(id)
  assert.deepEqual([job.attempt, job.error], [1, { code: 'invalid-request', detail: 'Row ab holds \ufffd.' }])
  assert.deepEqual(endsOf('odd words'), ['odd words failed invalid-request'])
})

test('a job that goes back to the queue in the moment it is cancelled is cancelled', async () => {
  const stopped = Promise.withResolvers<null>()
  const running = Promise.withResolvers<void>()
  const { id } = await add('slippery', async ({ signal }) => {
    signal.addEventListener('abort', () => stopped.resolve(null))
    running.resolve()
    return stopped.promise
  })
  await running.promise
  const gate = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const requeued = database.asSystem(async db => {
    await sql`update jobs set status = 'queued', claim = null, ticket = ${randomUUID()} where id = ${id}`.execute(
      db,
    )
    locked.resolve()
    await gate.promise
  })
  await locked.promise
  // Still seen as running, it is told to stop; that waits for the row, which then waits in the queue.
  const cancelled = jobs.cancel(service, id)
  await until(async () => {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%cancel_requested_at%'`.execute(
      database.system,
    )
    return rows.length > 0
  }, 'the cancel waits for the row')
  gate.resolve()
  await requeued
  assert.equal((await cancelled).status, 'cancelled')
  assert.equal((await jobs.get(service, id)).status, 'cancelled')
  assert.deepEqual(endsOf('slippery'), ['slippery cancelled well'])
  stopped.resolve(null)
})

test('a job that was cancelled while it failed is not tried again', async () => {
  const { id } = await add('too late', async ({ job }) => {
    // The bus tells at most once; this one it has not told.
    await sql`update jobs set cancel_requested_at = now() where id = ${job.id}`.execute(database.system)
    throw new Problem('storage-unavailable', 'The storage is away.')
  })
  const job = await ended(id)
  assert.deepEqual([job.status, job.attempt, job.error], ['cancelled', 1, null])
  assert.deepEqual(endsOf('too late'), ['too late cancelled well'])
})

test('a delivery that was given up ends its job, later when the end cannot be written yet, and no job that another delivery carries', async () => {
  const [replayed, given, broken] = [
    await addLater('replayed'),
    await addLater('given up'),
    await addLater('broken'),
  ]
  let failures = 0
  hooks.set('broken', () => {
    failures += 1
    if (failures === 1) throw new Error('not yet')
  })
  const { rows } = await sql<{ id: string; ticket: string }>`
    select id, ticket from jobs where id in (${given.id}, ${broken.id})`.execute(database.system)
  const letters = [...rows, { id: replayed.id, ticket: randomUUID() }]
  await sql`insert into roundhouse_queue.job (name, data)
    select 'model-dead', jsonb_build_object('job_id', id, 'ticket', ticket)
    from jsonb_to_recordset(${JSON.stringify(letters)}::jsonb) as letter(id text, ticket text)`.execute(
    database.system,
  )
  for (const { id } of [given, broken])
    assert.deepEqual((await ended(id)).error, {
      code: 'job-crashed',
      detail: 'Whatever worked on it ended or fell silent again and again.',
    })
  assert.deepEqual(
    [...endsOf('given up'), ...endsOf('broken')],
    ['given up failed job-crashed', 'broken failed job-crashed'],
  )
  assert.equal(failures, 2)
  await until(async () => {
    const left = await sql`select from roundhouse_queue.job where name = 'model-dead'`.execute(
      database.system,
    )
    return left.rows.length === 0
  }, 'every letter is dealt with')
  assert.equal((await jobs.get(service, replayed.id)).status, 'queued')
  assert.deepEqual(endsOf('replayed'), [])
})
