import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { health as healthSchema, type Visibility } from '@roundhouse/sdk/contract'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { openFolderStore } from '../adapters/files/folder.ts'
import type { LiveWorker } from '../jobs/presence/store.ts'
import type { ServedState, Serving } from '../models/serving.ts'
import type { Cache } from '../ports/cache.ts'
import type { DatabaseHealth } from '../ports/database.ts'
import { commandedLoader, modelRow } from '../testing/commanded-loader.ts'
import type { Scope } from '../testing/defer.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { createHealth } from './health.ts'

const service = serviceCaller('test')
const owner: Caller = { ...service, role: 'member', userId: randomUUID() }
const other: Caller = { ...owner, userId: randomUUID() }

const cacheOf = (health: ReturnType<Cache['health']>): Cache => ({
  get: () => undefined,
  set() {},
  clear: async () => {},
  size: () => 0,
  health: () => health,
  close: async () => {},
})

/** Everything around it says what the test lets it say. */
async function setUp(scope: Scope) {
  const clock = turnedClock(Date.UTC(2026, 10, 21))
  const folder = await temporaryFolder(scope)
  const now = {
    database: { ok: true } as DatabaseHealth,
    pending: [] as string[] | Error,
    reasons: [] as string[],
    states: [] as ServedState[],
    cache: { kind: 'memory', ok: true } as ReturnType<Cache['health']>,
    workers: [] as LiveWorker[] | Error,
    looks: 0,
    stateLooks: 0,
    writes: 0,
  }
  const unused = () => assert.fail('health only looks')
  const serving: Serving = {
    find: unused,
    row: unused,
    named: unused,
    preload: unused,
    price: () => 0,
    isWarm: unused,
    tend: unused,
    reasons: () => now.reasons,
    states() {
      now.stateLooks += 1
      return now.states
    },
  }
  const files = await openFolderStore({ folder })
  const health = createHealth({
    async checkDatabase() {
      now.looks += 1
      return now.database
    },
    async pendingMigrations() {
      if (now.pending instanceof Error) throw now.pending
      return now.pending
    },
    serving,
    fetcher: { troubles: () => [] },
    cache: { ...cacheOf(now.cache), health: () => now.cache },
    presence: {
      async workers() {
        if (now.workers instanceof Error) throw now.workers
        return now.workers
      },
      depths: async () => [{ queue: 'model', waiting: 3, running: 1 }],
    },
    files: {
      ...files,
      check() {
        now.writes += 1
        return files.check()
      },
    },
    clock,
    version: '1.2.3',
    environment: 'test',
  })
  health.start()
  /** Past the time that one look serves all. */
  const readiness = () => {
    clock.turn(1000)
    return health.readiness(service)
  }
  return { health, now, clock, readiness, folder }
}

function served(
  state: ServedState['state'],
  name = 'price',
  required = true,
  visibility: Visibility = 'private',
  owner_id: string | null = null,
): ServedState {
  return { model: modelRow(name, '1', { visibility, owner_id }), state, required, serves: true }
}

async function warm(runningMs = 0): Promise<ServedState['state']> {
  const { loader, loads } = commandedLoader()
  const loading = loader.load(modelRow('price'))
  loads[0]?.succeed()
  return { tag: 'warm', since: 0, loaded: { ...(await loading), runningMs: () => runningMs } }
}

test('is ready when the database answers, is migrated, and the required models are warm', async t => {
  const { readiness, now } = await setUp(t)
  now.states = [served(await warm())]
  assert.deepEqual(await readiness(), { reasons: [], degraded: [] })
})

test('is not ready while the database is away, says why in one sentence, and is ready when it is back', async t => {
  const { readiness, now } = await setUp(t)
  const reason = 'The database does not answer: connect ECONNREFUSED 127.0.0.1:5432.'
  now.database = { ok: false, reason }
  now.reasons = ['Required model price@1 is loading.']
  assert.deepEqual((await readiness()).reasons, [reason, 'Required model price@1 is loading.'])
  now.database = { ok: true }
  now.reasons = []
  assert.deepEqual((await readiness()).reasons, [])
})

test('is not ready while migrations are pending, or nobody can say whether they are', async t => {
  const { readiness, now } = await setUp(t)
  now.pending = ['0001_models.sql', '0002_users.sql']
  assert.deepEqual((await readiness()).reasons, ['Migrations are pending: 0001_models.sql, 0002_users.sql.'])
  now.pending = new Error('away')
  assert.deepEqual((await readiness()).reasons, ['Whether migrations are pending could not be read.'])
  now.pending = []
  assert.deepEqual((await readiness()).reasons, [])
  // They do not come undone: nobody asks again.
  now.pending = new Error('away')
  assert.deepEqual((await readiness()).reasons, [])
})

test('is not ready from the moment it stops, whatever else is well', async t => {
  const { health, readiness } = await setUp(t)
  assert.deepEqual((await readiness()).reasons, [])
  health.stop()
  assert.deepEqual((await readiness()).reasons, ['The process is stopping.'])
  assert.equal((await health.summary(service)).status, 'unavailable')
})

test('is ready but degraded without its Redis, with a failed model, or with a run that hangs', async t => {
  const { health, readiness, now } = await setUp(t)
  now.cache = { kind: 'redis', ok: false, reason: 'away' }
  now.states = [
    served(
      { tag: 'failed', since: 0, reason: 'Operator X is not known.', attempts: 1, retryAt: 0 },
      'broken',
      false,
    ),
    served(await warm(59_000), 'busy'),
    served(await warm(61_000), 'stuck'),
  ]
  assert.deepEqual(await readiness(), {
    reasons: [],
    degraded: [
      'redis',
      'model broken@1: Operator X is not known.',
      'model stuck@1: a run has not ended for 61 s',
    ],
  })
  const { status, redis } = await health.summary(service)
  assert.deepEqual([status, redis], ['degraded', 'unavailable'])
})

test('many probes at once cost one look at the database, and a later one looks again', async t => {
  const { health, now, clock } = await setUp(t)
  await Promise.all(Array.from({ length: 20 }, () => health.readiness(service)))
  assert.equal(now.looks, 1)
  clock.turn(250)
  await health.readiness(service)
  assert.equal(now.looks, 1)
  clock.turn(1)
  await health.readiness(service)
  assert.equal(now.looks, 2)
})

test('many who ask at once, with or without a key, cost one look at the models', async t => {
  const { health, now, clock } = await setUp(t)
  for (const caller of [undefined, service, other]) {
    await Promise.all(Array.from({ length: 20 }, () => health.summary(caller)))
    health.listed(caller)
  }
  assert.equal(now.stateLooks, 1)
  clock.turn(251)
  await health.summary(undefined)
  assert.equal(now.stateLooks, 2)
})

test('a model of a user that does not load degrades nobody’s server; who looks after all of them is told', async t => {
  const { health, now } = await setUp(t)
  const failed = { tag: 'failed', since: 0, reason: 'junk', attempts: 1, retryAt: 0 } as const
  now.states = [
    served(failed, 'mine', false, 'private', owner.userId),
    served(failed, 'shown', false, 'public', owner.userId),
  ]
  for (const caller of [undefined, other, owner]) {
    assert.equal((await health.summary(caller)).status, 'healthy')
    assert.deepEqual((await health.readiness(caller)).degraded, [])
  }
  // That it failed is still told, model by model, to who may see it.
  const { models } = await health.summary(owner)
  assert.deepEqual(
    models.map(({ name, state }) => [name, state]),
    [
      ['mine', 'failed'],
      ['shown', 'failed'],
    ],
  )
  for (const caller of [service, { ...other, role: 'admin' } as const]) {
    assert.equal((await health.summary(caller)).status, 'degraded')
    assert.deepEqual((await health.readiness(caller)).degraded, ['model mine@1: junk', 'model shown@1: junk'])
  }
})

test('many who ask for the summary cost one write into the file store in five seconds', async t => {
  const { health, now, clock } = await setUp(t)
  await Promise.all(Array.from({ length: 20 }, () => health.summary(service)))
  clock.turn(5000)
  await health.summary(service)
  assert.equal(now.writes, 1)
  clock.turn(1)
  await health.summary(service)
  assert.equal(now.writes, 2)
})

test('who asks learns of required models and of those they may see, without a key of public ones', async t => {
  const { health, now } = await setUp(t)
  const failed = { tag: 'failed', since: 0, reason: 'secret', attempts: 1, retryAt: 0 } as const
  now.states = [
    served({ tag: 'absent' }, 'needed', true),
    served({ tag: 'absent' }, 'shown', false, 'public'),
    served(failed, 'mine', false, 'private', owner.userId),
    served(failed, 'ours', false, 'users'),
  ]
  const names = async (caller: Caller | undefined) =>
    (await health.summary(caller)).models.map(model => model.name)
  assert.deepEqual(await names(undefined), ['needed', 'shown'])
  assert.deepEqual(await names(other), ['needed', 'shown', 'ours'])
  for (const caller of [service, owner])
    assert.deepEqual(await names(caller), ['needed', 'shown', 'mine', 'ours'])
  assert.equal((await health.summary(undefined)).status, 'degraded')
  assert.deepEqual((await health.readiness(undefined)).degraded, ['a model'])
  assert.deepEqual((await health.readiness(other)).degraded, ['model ours@1: secret'])
  assert.deepEqual((await health.readiness(service)).degraded, [
    'model mine@1: secret',
    'model ours@1: secret',
  ])
})

test('workers are told with how much waits for them, and none are when none are alive or nobody knows', async t => {
  const { health, now, clock } = await setUp(t)
  assert.deepEqual(await health.workers(), { status: 'unavailable', workers: [], queue_depth: 3 })
  now.workers = [{ id: 'one', host: 'here', running: 1, seen_at: new Date(0) }]
  clock.turn(1000)
  assert.deepEqual(await health.workers(), {
    status: 'healthy',
    workers: [{ id: 'one', last_seen_at: '1970-01-01T00:00:00.000Z' }],
    queue_depth: 3,
  })
  now.workers = new Error('the database is away')
  clock.turn(1000)
  assert.deepEqual(await health.workers(), { status: 'unavailable', workers: [], queue_depth: 0 })
})

test('the summary names the state of every part and every model', async t => {
  const { health, now } = await setUp(t)
  now.states = [
    served(await warm()),
    served({ tag: 'loading', since: 0, done: Promise.resolve() }, 'churn', false),
    { ...served({ tag: 'absent' }, 'old', false), model: modelRow('old', '1', { unloaded: true }) },
    served({ tag: 'absent' }, 'idle', false),
  ]
  const summary = healthSchema.strict().parse(await health.summary(service))
  assert.deepEqual(summary, {
    status: 'healthy',
    database: 'healthy',
    redis: 'not-configured',
    workers: 'unavailable',
    storage: 'healthy',
    version: '1.2.3',
    environment: 'test',
    timestamp: '2026-11-21T00:00:00.000Z',
    models: [
      { name: 'price', version: '1', state: 'ready', required: true, load_ms: 12, reason: null },
      { name: 'churn', version: '1', state: 'loading', required: false, load_ms: null, reason: null },
      {
        name: 'old',
        version: '1',
        state: 'unloaded',
        required: false,
        load_ms: null,
        reason: 'unloaded on request',
      },
      { name: 'idle', version: '1', state: 'unloaded', required: false, load_ms: null, reason: null },
    ],
  })
})

test('the summary says so when the database is away, or files cannot be written', async t => {
  const { health, now, clock, folder } = await setUp(t)
  now.database = { ok: false, reason: 'away' }
  const away = await health.summary(service)
  assert.deepEqual([away.status, away.database, away.storage], ['unavailable', 'unavailable', 'healthy'])
  now.database = { ok: true }
  clock.turn(5001)
  await rm(folder, { recursive: true })
  const full = await health.summary(service)
  assert.deepEqual([full.status, full.database, full.storage], ['unavailable', 'healthy', 'unavailable'])
})
