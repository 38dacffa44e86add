import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { serviceCaller } from '../accounts/caller.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { HouseTables } from '../start/choose.ts'
import { testHouse } from '../testing/house.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'
import { until } from '../testing/until.ts'
import type { JobHandler } from './job.ts'
import { createPresence } from './presence/presence.ts'

const service = serviceCaller('test')
/** What has to go before a job does. */
let forget = async () => {}
const shared = { queue: 'model', maxAttempts: 1, timeoutMs: 20_000, run: async () => 'done' } as const
const kept: JobHandler<HouseTables> = { ...shared, kind: 'kept', forget: () => forget() }
const sticky: JobHandler<HouseTables> = {
  ...shared,
  kind: 'sticky',
  async forget() {
    throw new Error('It does not go.')
  },
}
const base = await testDatabase()
const house = await testHouse(
  { after },
  {},
  {
    share: { databaseUrl: base.appUrl, dataDir: await temporaryFolder({ after }) },
    handlers: [kept, sticky],
  },
)
after(base.drop)
const { jobs } = house.house.background
const { database } = house.ground

async function failed(): Promise<string> {
  const { id } = await database.as(service, db =>
    jobs.add(db, { kind: 'kept', ownerId: null, payload: { model_id: createIds().uuid() } }),
  )
  await until(async () => (await jobs.get(service, id)).status === 'done', 'it is done')
  await sql`update jobs set status = 'failed' where id = ${id}`.execute(database.system)
  return id
}

test('a job that is being removed is not begun anew, and one that was begun anew is not removed', async () => {
  const [removed, begun] = [await failed(), await failed()]
  const gate = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  forget = async () => {
    entered.resolve()
    await gate.promise
  }
  const removal = jobs.remove(service, removed)
  await entered.promise
  await assert.rejects(jobs.retry(service, removed), { name: 'Problem', code: 'conflict' })
  gate.resolve()
  await removal
  await assert.rejects(jobs.get(service, removed), { name: 'Problem', code: 'resource-not-found' })

  let forgotten = false
  forget = async () => {
    forgotten = true
  }
  await database
    .asSystem(async db => {
      await sql`update jobs set status = 'queued', finished_at = null where id = ${begun}`.execute(db)
      const late = jobs.remove(service, begun)
      await until(async () => {
        const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%removing_at%'`.execute(
          database.system,
        )
        return rows.length > 0
      }, 'the removal waits for the row')
      // Settled once this transaction has ended.
      late.catch(() => {})
      return { late }
    })
    .then(({ late }) => assert.rejects(late, { name: 'Problem', code: 'conflict' }))
  assert.equal(forgotten, false)
})

test('jobs that cannot go keep no younger ones from going', async () => {
  forget = async () => {}
  const younger = await failed()
  await sql`update jobs set finished_at = now() - interval '8 days' where id = ${younger}`.execute(
    database.system,
  )
  await sql`insert into jobs (id, kind, payload, status, max_attempts, ticket, run_at, finished_at)
    select gen_random_uuid(), 'sticky', 'null', 'failed', 1, gen_random_uuid(), now(), now() - interval '9 days'
    from generate_series(1, 450)`.execute(database.system)
  await jobs.sweep()
  await assert.rejects(jobs.get(service, younger), { name: 'Problem', code: 'resource-not-found' })
  const { rows } = await sql<{ left: number }>`
    select count(*)::int as left from jobs where kind = 'sticky'`.execute(database.system)
  assert.equal(rows[0]?.left, 450)
})

test('who lists, looks at or watches jobs, and who sweeps them, reads neither what they were given nor what they gave', async t => {
  const id = await failed()
  const admin = new pg.Client({ connectionString: base.adminUrl })
  await admin.connect()
  t.after(() => admin.end())
  const { rows } = await admin.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
     where attrelid = 'roundhouse.jobs'::regclass and attnum > 0 and attname not in ('payload', 'result')`,
  )
  await admin.query('revoke select on roundhouse.jobs from roundhouse_app')
  await admin.query(`grant select (${rows[0]?.columns}) on roundhouse.jobs to roundhouse_app`)
  await assert.rejects(jobs.getWhole(service, id), /permission denied/)
  assert.equal((await jobs.get(service, id)).id, id)
  assert.ok((await jobs.list(service, { limit: 100 })).some(job => job.id === id && job.model_id !== null))
  const listed = await house.fetch('/api/v1/jobs?limit=100')
  assert.equal(listed.status, 200)
  const seen: string[] = []
  for await (const job of jobs.watch(service, id, AbortSignal.timeout(20_000))) seen.push(job.status)
  assert.deepEqual(seen, ['failed'])
  await sql`update jobs set finished_at = now() - interval '8 days' where id = ${id}`.execute(database.system)
  await jobs.sweep()
  await assert.rejects(jobs.get(service, id), { name: 'Problem', code: 'resource-not-found' })
})

test('how much waits is counted once for all who ask within some seconds', async () => {
  let counts = 0
  const presence = createPresence({
    database,
    queue: {
      async depths() {
        counts += 1
        return [{ queue: 'model', waiting: counts, running: 0 }]
      },
    },
    log: silentLog,
    workerId: createIds().uuid(),
    roles: ['api'],
  })
  const answers = await Promise.all(Array.from({ length: 100 }, () => presence.depths()))
  answers.push(await presence.depths())
  assert.equal(counts, 1)
  assert.ok(answers.every(([first]) => first?.waiting === 1))
})
