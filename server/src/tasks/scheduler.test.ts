import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { TaskDeclaration } from '@roundhouse/sdk/config'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { openPgBossQueue } from '../adapters/pg-boss/queue.ts'
import { readConnection } from '../adapters/postgres/connection.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import type { JobHandler, Json } from '../jobs/job.ts'
import { createJobs } from '../jobs/jobs.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { HouseTables } from '../start/choose.ts'
import { turnSchedules } from '../testing/database-clock.ts'
import { defer } from '../testing/defer.ts'
import { testDatabase } from '../testing/test-database.ts'
import { createBeginRun } from './begin-run.ts'
import { defineTasks } from './definitions.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createTaskStore, type StoredRun } from './store.ts'

const scope = { after }
const { adminUrl, appUrl } = await testDatabase(scope)
const connection = { url: appUrl, applicationName: 'test' }
const database = openDatabase<HouseTables>({ ...connection, max: 8, systemMax: 4, log: silentLog })
const queue = await openPgBossQueue({
  connection: readConnection(connection, silentLog),
  works: false,
  log: silentLog,
})
const bus = createInProcessBus()
defer(scope, () => Promise.all([database.close(), queue.close(), bus.close()]))
const ids = createIds()
const handler: JobHandler<HouseTables> = {
  kind: 'task',
  queue: 'task',
  maxAttempts: 3,
  timeoutMs: 1000,
  run: async (): Promise<Json> => null,
  ended: (db, job) => createTaskStore(db).end(job.id, job.status, job.error),
}
const jobs = createJobs<HouseTables>({
  database,
  queue,
  bus,
  ids,
  log: silentLog,
  now: Date.now,
  handlers: () => [handler],
  retentionDays: 7,
  observer: { begun() {}, ended() {} },
})
const store = createTaskStore(database.system)
const service = { role: 'service', userId: null, credential: 'test' } as const

type Told = { event: string; task: unknown }

/** What one process has: its declarations, and what it has told. */
async function process(
  ...declarations: Omit<TaskDeclaration, 'run'>[]
): Promise<Scheduler & { told: Told[] }> {
  const told: Told[] = []
  const tell = (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void told.push({ event, task: fields.task })
  const definitions = defineTasks(declarations.map(declaration => ({ ...declaration, run: async () => {} })))
  for (const { name, cron, timezone } of definitions.values())
    await store.declare({ name, schedule: cron, timezone })
  const begin = createBeginRun({ jobs, ids })
  const log = { debug: tell, info: tell, warn: tell, error: tell }
  return { ...createScheduler({ definitions, database, begin, log }), told }
}

const clock = (text: string) => turnSchedules(adminUrl, new Date(text))
const oldestFirst = async (name: string) => (await store.runs(name, { limit: 1000 })).reverse()
const ticksOf = (runs: readonly StoredRun[]) => runs.map(run => run.tick?.toISOString().slice(0, 16))

async function finish(name: string): Promise<void> {
  for (const run of await store.runs(name, { limit: 1000 }))
    if (run.finished_at === null) await jobs.cancel(service, run.job_id)
}

test('three schedulers that look at once begin each tick once', async () => {
  await clock('2026-05-01T09:59:58Z')
  const names = Array.from({ length: 12 }, (_, index) => `hourly-${index}`)
  const declarations = names.map(name => ({ name, schedule: '0 * * * *' }))
  const all = await Promise.all([1, 2, 3].map(() => process(...declarations)))
  for (const hour of ['10', '11', '12']) {
    await clock(`2026-05-01T${hour}:00:01Z`)
    await Promise.all(all.flatMap(scheduler => [scheduler.look(), scheduler.look()]))
    await Promise.all(all.map(scheduler => scheduler.look()))
    for (const name of names) await finish(name)
  }
  for (const name of names) {
    const runs = await oldestFirst(name)
    assert.deepEqual(ticksOf(runs), ['2026-05-01T10:00', '2026-05-01T11:00', '2026-05-01T12:00'])
    assert(runs.every(run => run.cause === 'schedule'))
  }
})

test('a clock of the database that jumps back an hour repeats no tick, and one that jumps ahead invents none', async () => {
  await clock('2026-05-02T10:30:00Z')
  const scheduler = await process({ name: 'quarterly', schedule: '*/15 * * * *' })
  const seen = async (text: string) => {
    await clock(text)
    await scheduler.look()
    await finish('quarterly')
  }
  await seen('2026-05-02T10:45:00Z')
  await seen('2026-05-02T09:45:10Z')
  await seen('2026-05-02T10:45:20Z')
  await seen('2026-05-02T11:00:00Z')
  await seen('2026-05-02T12:00:00Z')
  await seen('2026-05-02T11:15:00Z')
  await seen('2026-05-02T12:15:00Z')
  assert.deepEqual(ticksOf(await oldestFirst('quarterly')), [
    '2026-05-02T10:45',
    '2026-05-02T11:00',
    '2026-05-02T12:00',
    '2026-05-02T12:15',
  ])
})

test('a tick that comes while the run before has not ended is passed over, told and counted', async () => {
  await clock('2026-05-03T00:00:30Z')
  const scheduler = await process(
    { name: 'long', schedule: '* * * * *' },
    { name: 'side-by-side', schedule: '* * * * *', singleton: false },
  )
  for (const minute of [1, 2, 3]) {
    await clock(`2026-05-03T00:0${minute}:00Z`)
    await scheduler.look()
  }
  assert.deepEqual(ticksOf(await oldestFirst('long')), ['2026-05-03T00:01'])
  assert.equal((await store.tasks(['long']))[0]?.ticks_passed_over, 2)
  assert.equal(scheduler.told.filter(({ event }) => event === 'task-tick-pass-over').length, 2)
  assert.equal((await oldestFirst('side-by-side')).length, 3)
  await finish('long')
  await clock('2026-05-03T00:04:00Z')
  await scheduler.look()
  assert.deepEqual(ticksOf(await oldestFirst('long')), ['2026-05-03T00:01', '2026-05-03T00:04'])
  assert.equal((await oldestFirst('long'))[0]?.status, 'cancelled')
})

test('ticks at which no process ran are left out, or made up for by one run, as declared', async () => {
  const declarations = [
    { name: 'skipping', schedule: '0 6 * * *' },
    { name: 'catching-up', schedule: '0 6 * * *', missed: 'once' },
  ] as const
  await clock('2026-05-04T05:00:00Z')
  await process(...declarations)
  await clock('2026-05-08T09:00:00Z')
  const scheduler = await process(...declarations)
  await scheduler.look()
  await scheduler.look()
  assert.deepEqual(await oldestFirst('skipping'), [])
  assert.deepEqual(scheduler.told, [
    { event: 'task-tick-miss', task: 'skipping' },
    { event: 'task-tick', task: 'catching-up' },
  ])
  const caughtUp = await oldestFirst('catching-up')
  assert.deepEqual(ticksOf(caughtUp), ['2026-05-08T06:00'])
  assert.equal(caughtUp[0]?.cause, 'missed')
  await finish('catching-up')
  await clock('2026-05-09T06:00:00Z')
  await scheduler.look()
  assert.equal((await oldestFirst('skipping')).length, 1)
  assert.deepEqual(
    (await oldestFirst('catching-up')).map(run => run.cause),
    ['missed', 'schedule'],
  )
})

test('a restart across a tick leaves it on time', async () => {
  await clock('2026-05-10T05:59:59Z')
  await process({ name: 'restarted', schedule: '0 6 * * *' })
  await clock('2026-05-10T06:00:45Z')
  const scheduler = await process({ name: 'restarted', schedule: '0 6 * * *' })
  await scheduler.look()
  assert.deepEqual(
    (await oldestFirst('restarted')).map(run => run.cause),
    ['schedule'],
  )
})

test('on both days of the clocks a nightly task runs once', async () => {
  for (const [day, tick, name] of [
    ['2026-03-29', '2026-03-29T01:00', 'spring'],
    ['2026-10-25', '2026-10-25T00:30', 'autumn'],
  ] as const) {
    await clock(`${day}T00:00:00Z`)
    const scheduler = await process({ name, schedule: '30 2 * * *', timezone: 'Europe/Berlin' })
    for (let minute = 5; minute < 150; minute += 5) {
      await clock(new Date(Date.parse(`${day}T00:00:00Z`) + minute * 60_000).toISOString())
      await scheduler.look()
      await finish(name)
    }
    assert.deepEqual(ticksOf(await oldestFirst(name)), [tick], name)
  }
})

test('a new task, a new schedule and the end of a pause begin now', async () => {
  await clock('2026-06-01T12:00:30Z')
  const first = await process({ name: 'changing', schedule: '0 * * * *', missed: 'once' })
  await first.look()
  assert.deepEqual(await oldestFirst('changing'), [])

  const second = await process({ name: 'changing', schedule: '0 3 * * *', missed: 'once' })
  await clock('2026-06-01T13:00:00Z')
  // The older process does not go on with the schedule it knows.
  await Promise.all([first.look(), second.look()])
  assert.deepEqual(await oldestFirst('changing'), [])

  await store.setPaused('changing', true)
  await clock('2026-06-02T03:00:00Z')
  await second.look()
  await store.setPaused('changing', false)
  await clock('2026-06-02T10:00:00Z')
  await second.look()
  assert.deepEqual(await oldestFirst('changing'), [])
  await clock('2026-06-03T03:00:00Z')
  await second.look()
  assert.deepEqual(ticksOf(await oldestFirst('changing')), ['2026-06-03T03:00'])
})
