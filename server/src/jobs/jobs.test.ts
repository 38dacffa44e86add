import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import type { HouseTables } from '../start/choose.ts'
import { testHouse } from '../testing/house.ts'
import { until } from '../testing/until.ts'
import type { Job, JobContext, JobHandler, JobSummary, Json, NewJob } from './job.ts'

const service = serviceCaller('test')
/** What jobs of the kind `test` do, by their payload. */
const works = new Map<Json, (context: JobContext) => Promise<Json>>()
const endings: string[] = []
const forgotten: string[] = []

function handler(kind: string, more: Partial<JobHandler<HouseTables>> = {}): JobHandler<HouseTables> {
  const run: JobHandler['run'] = context => {
    const work = works.get(context.job.payload)
    assert.ok(work, `work for ${context.job.payload}`)
    return work(context)
  }
  return { kind, queue: 'model', maxAttempts: 3, timeoutMs: 20_000, run, ...more }
}

const house = await testHouse(
  { after },
  {},
  {
    handlers: [
      handler('test'),
      handler('one-by-one', { queue: 'task', maxAttempts: 1 }),
      handler('hasty', { timeoutMs: 50, maxAttempts: 1 }),
      handler('hooked', {
        async ended(db, job) {
          await sql`insert into job_steps (job_id, name, result) values (${job.id}, 'hook', '1')`.execute(db)
          endings.push(`${job.payload} ${job.status}`)
        },
        async forget(job) {
          forgotten.push(job.id)
        },
      }),
    ],
  },
)
const { jobs } = house.house.background
const { database } = house.ground

function add(payload: string, work: (context: JobContext) => Promise<Json>, more: Partial<NewJob> = {}) {
  works.set(payload, work)
  return database.as(service, db => jobs.add(db, { kind: 'test', ownerId: null, payload, ...more }))
}

async function reached(id: string, status: Job['status'], limitMs = 20_000): Promise<Job> {
  let job = await jobs.getWhole(service, id)
  await until(
    async () => {
      job = await jobs.getWhole(service, id)
      return job.status === status
    },
    `the job is ${status}`,
    limitMs,
  )
  return job
}

const isConflict = (error: unknown) => error instanceof Problem && error.code === 'conflict'
const isMissing = (error: unknown) => error instanceof Problem && error.code === 'resource-not-found'

test('a job that is added runs once and keeps its result', async () => {
  const { id } = await add('simple', async ({ job }) => ({ said: job.payload }))
  const job = await reached(id, 'done')
  assert.deepEqual(job.result, { said: 'simple' })
  assert.equal(job.attempt, 1)
  assert.ok(job.started_at && job.finished_at)
})

test('a job of a transaction that is rolled back never was', async () => {
  let id = ''
  const failed = database.as(service, async db => {
    works.set('undone', async () => assert.fail('it ran'))
    id = (await jobs.add(db, { kind: 'test', ownerId: null, payload: 'undone' })).id
    throw new Error('no')
  })
  await assert.rejects(failed, /no/)
  await assert.rejects(jobs.get(service, id), isMissing)
})

test('a job that fails is tried again after a while, and tells why the attempt before failed', async () => {
  const attempts: number[] = []
  const { id } = await add('second', async ({ job }) => {
    attempts.push(job.attempt)
    if (job.attempt === 1) throw new Problem('model-not-loaded', 'The model is not there yet.')
    return 'fine'
  })
  await until(async () => (await jobs.get(service, id)).error !== null, 'the first attempt has failed')
  const waiting = await jobs.get(service, id)
  assert.deepEqual(waiting.error, { code: 'model-not-loaded', detail: 'The model is not there yet.' })
  assert.ok(waiting.run_at.getTime() > waiting.created_at.getTime())
  const job = await reached(id, 'done')
  assert.deepEqual(attempts, [1, 2])
  assert.equal(job.error, null)
})

test('what cannot succeed fails at once; a bug fails after its attempts and is not told', async () => {
  const refused = await add('refused', async () => {
    throw new Problem('invalid-tensor', 'x has 3 values, not 2.')
  })
  assert.deepEqual((await reached(refused.id, 'failed')).error, {
    code: 'invalid-tensor',
    detail: 'x has 3 values, not 2.',
  })
  const bug = await add(
    'bug',
    async () => {
      throw new Error('secret')
    },
    { kind: 'one-by-one' },
  )
  const job = await reached(bug.id, 'failed')
  assert.equal(job.error?.code, 'internal')
  assert.doesNotMatch(job.error?.detail ?? '', /secret/)
  assert.equal(job.attempt, 1)
})

test('a failed job begins anew when it is replayed, and finished steps stay finished', async () => {
  let effects = 0
  const keys: string[] = []
  const { id } = await add('replayed', async ({ step }) => {
    const first = await step('pay', async key => {
      keys.push(key)
      effects += 1
      return effects
    })
    if (keys.length === 1) {
      keys.push('fail')
      throw new Problem('invalid-request', 'Not today.')
    }
    return first
  })
  await reached(id, 'failed')
  await jobs.retry(service, id)
  const job = await reached(id, 'done')
  assert.deepEqual([job.result, effects, job.attempt], [1, 1, 1])
  assert.deepEqual(keys, [`${id}:pay`, 'fail'])
  await assert.rejects(jobs.retry(service, id), isConflict)
})

test('a job that waits is cancelled at once and one that runs is told to stop', async () => {
  const later = await add('later', async () => assert.fail('it ran'), {
    startAt: new Date(Date.now() + 60_000),
  })
  assert.equal((await jobs.cancel(service, later.id)).status, 'cancelled')
  const reason = Promise.withResolvers<unknown>()
  const running = await add('running', async ({ signal }) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    reason.resolve(signal.reason)
    throw signal.reason
  })
  await reached(running.id, 'running')
  await jobs.cancel(service, running.id)
  assert.match(String(await reason.promise), /The job was cancelled/)
  const job = await reached(running.id, 'cancelled')
  assert.equal(job.error, null)
  assert.equal((await jobs.cancel(service, running.id)).status, 'cancelled')
})

test('a job that runs too long is told to stop and fails', async () => {
  const { id } = await add(
    'slow',
    async ({ signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      return 'too late'
    },
    { kind: 'hasty' },
  )
  const job = await reached(id, 'done')
  assert.equal(job.result, 'too late')
  const deaf = await add('deaf', () => new Promise(() => {}), { kind: 'hasty' })
  assert.equal((await reached(deaf.id, 'failed')).error?.code, 'deadline-exceeded')
})

test('higher priority goes first', async () => {
  const order: Json[] = []
  const gate = Promise.withResolvers<void>()
  const concurrency = 64
  const hold = async () => gate.promise.then(() => null)
  const holders = await database.as(service, async db => {
    const held: Job[] = []
    for (let index = 0; index < concurrency; index += 1) {
      works.set(`hold ${index}`, hold)
      held.push(await jobs.add(db, { kind: 'test', ownerId: null, payload: `hold ${index}` }))
    }
    return held
  })
  await until(() => house.house.background.worker.running() === concurrency, 'all places are taken')
  const note = async ({ job }: JobContext) => {
    order.push(job.payload)
    return null
  }
  const ids: string[] = []
  for (const [payload, priority] of [
    ['low', -1],
    ['normal', 0],
    ['high', 5],
  ] as const)
    ids.push((await add(payload, note, { priority })).id)
  gate.resolve()
  for (const id of [...ids, ...holders.map(({ id }) => id)]) await reached(id, 'done')
  assert.deepEqual(order, ['high', 'normal', 'low'])
})

test('of a kind only one unfinished job has a key', async () => {
  const gate = Promise.withResolvers<void>()
  const work = async () => {
    await gate.promise
    return null
  }
  const first = await add('keyed', work, { uniqueKey: 'daily' })
  await assert.rejects(add('keyed', work, { uniqueKey: 'daily' }), isConflict)
  const other = await add('keyed', work, { uniqueKey: 'daily', kind: 'hooked' })
  gate.resolve()
  await reached(first.id, 'done')
  await reached(other.id, 'done')
  const again = await add('keyed', work, { uniqueKey: 'daily' })
  await reached(again.id, 'done')
})

test('a delayed job does not begin before its time', async () => {
  const startAt = new Date(Date.now() + 1500)
  const { id } = await add('delayed', async () => Date.now(), { startAt })
  const job = await reached(id, 'done')
  assert.ok(Number(job.result) >= startAt.getTime(), `${job.result} is not before ${startAt.getTime()}`)
})

test('a watcher sees each state, the last progress and the end', async () => {
  const gate = Promise.withResolvers<void>()
  const { id } = await add('watched', async ({ progress }) => {
    progress(1, 10, 'rows')
    await gate.promise
    progress(10, 10, 'rows')
    return null
  })
  const seen: JobSummary[] = []
  for await (const job of jobs.watch(service, id, AbortSignal.timeout(20_000))) {
    seen.push(job)
    if (job.progress?.done === 1) gate.resolve()
  }
  assert.equal(seen.at(-1)?.status, 'done')
  assert.deepEqual(seen.at(-1)?.progress, { done: 10, total: 10, unit: 'rows' })
  assert.ok(seen.some(job => job.status === 'running' && job.progress?.done === 1))
})

test('what belongs to the end of a job happens in its transaction, once', async () => {
  const done = await add('hook-done', async () => 1, { kind: 'hooked' })
  const failed = await add(
    'hook-failed',
    async () => {
      throw new Problem('invalid-request', 'No.')
    },
    { kind: 'hooked' },
  )
  const gone = await add('hook-cancelled', async () => 1, {
    kind: 'hooked',
    startAt: new Date(Date.now() + 60_000),
  })
  await jobs.cancel(service, gone.id)
  await reached(done.id, 'done')
  await reached(failed.id, 'failed')
  assert.deepEqual(endings.filter(text => text.startsWith('hook-')).sort(), [
    'hook-cancelled cancelled',
    'hook-done done',
    'hook-failed failed',
  ])
})

test('a result that the database cannot hold fails that job and no other', async () => {
  const bad = await add('nul', async () => 'a\u0000b')
  const good = await add('fine', async () => 'fine')
  assert.equal((await reached(bad.id, 'failed')).error?.code, 'internal')
  await reached(good.id, 'done')
})

test('users see and change their own jobs, and nobody else does', async () => {
  const [ann, bob] = [await house.user(), await house.user()]
  const annCaller = { role: 'member', userId: ann.id, credential: 'test' } as const
  const bobCaller = { role: 'member', userId: bob.id, credential: 'test' } as const
  works.set('mine', async () => 1)
  const { id } = await database.as(annCaller, db =>
    jobs.add(db, { kind: 'test', ownerId: ann.id, payload: 'mine' }),
  )
  await reached(id, 'done')
  assert.equal((await jobs.get(annCaller, id)).id, id)
  for (const call of [
    () => jobs.get(bobCaller, id),
    () => jobs.cancel(bobCaller, id),
    () => jobs.retry(bobCaller, id),
    () => jobs.remove(bobCaller, id),
    () => jobs.watch(bobCaller, id, new AbortController().signal)[Symbol.asyncIterator]().next(),
  ])
    await assert.rejects(call(), isMissing)
  assert.deepEqual(await jobs.list(bobCaller, { limit: 10 }), [])
  assert.deepEqual(
    (await jobs.list(annCaller, { limit: 10 })).map(job => job.id),
    [id],
  )
  await assert.rejects(
    database.as(bobCaller, db => jobs.add(db, { kind: 'test', ownerId: ann.id, payload: 'mine' })),
    /row-level security/,
  )
})

test('pages are newest first and pass over nothing', async () => {
  const added: string[] = []
  for (let index = 0; index < 5; index += 1)
    added.push((await add(`page ${index}`, async () => null, { kind: 'one-by-one' })).id)
  const seen: string[] = []
  let before: JobSummary | undefined
  for (;;) {
    const page = await jobs.list(service, { kind: 'one-by-one', limit: 2, before })
    if (page.length === 0) break
    seen.push(...page.map(job => job.id))
    before = page.at(-1)
  }
  assert.deepEqual(seen.slice(0, 5), added.reverse())
})

test('a job is removed once it has ended, by hand or by its age, with what belongs to it', async () => {
  const gate = Promise.withResolvers<void>()
  const running = await add('kept', async () => gate.promise.then(() => 1), { kind: 'hooked' })
  await assert.rejects(jobs.remove(service, running.id), isConflict)
  gate.resolve()
  await reached(running.id, 'done')
  await jobs.remove(service, running.id)
  await assert.rejects(jobs.get(service, running.id), isMissing)
  const old = await add('old', async () => 1, { kind: 'hooked' })
  await reached(old.id, 'done')
  await sql`update jobs set finished_at = now() - interval '7 days 1 minute' where id = ${old.id}`.execute(
    database.system,
  )
  const recent = await add('recent', async () => 1)
  await reached(recent.id, 'done')
  await jobs.sweep()
  await assert.rejects(jobs.get(service, old.id), isMissing)
  assert.equal((await jobs.get(service, recent.id)).status, 'done')
  assert.ok(forgotten.includes(running.id) && forgotten.includes(old.id))
})
