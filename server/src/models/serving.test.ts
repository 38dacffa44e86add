import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { isProblem, type ModelStatus, type ProblemCode } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { silentLog } from '../kit/log.ts'
import { type CommandedLoad, commandedLoader } from '../testing/commanded-loader.ts'
import { defer } from '../testing/defer.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { createCatalogue } from './catalogue.ts'
import type { Model, ModelTarget } from './model.ts'
import { createServing } from './serving.ts'
import { createShelf } from './shelf.ts'
import { createModelStore, type ModelChange, type ModelTables } from './store.ts'

const file = { after }
const { database } = await openTestDatabase<ModelTables>(file, { max: 2 })
const store = createModelStore(database.system)

const service = serviceCaller('test')

type Scope = { after(callback: () => Promise<void>): void }

/** Serving over its own catalogue; models of other tests have other names. */
async function setUp(
  scope: Scope,
  options: { required?: string[]; preloadBytes?: number; idleSeconds?: number } = {},
) {
  const bus = createInProcessBus()
  defer(scope, bus.close)
  const { loader, loads } = commandedLoader()
  const clock = turnedClock(Date.now())
  const catalogue = createCatalogue({ store, bus, log: silentLog })
  defer(scope, catalogue.close)
  const shelf = createShelf({
    loader,
    clock,
    log: silentLog,
    idleSeconds: options.idleSeconds ?? 60,
    memoryBytes: 1e9,
    required: options.required ?? [],
  })
  const serving = createServing({
    catalogue,
    shelf,
    database,
    clock,
    log: silentLog,
    required: options.required ?? [],
    preloadBytes: options.preloadBytes ?? 1e9,
  })

  async function add(
    name: string,
    version: string,
    change: ModelChange & { status?: ModelStatus; owner_id?: string | null } = {},
  ): Promise<Model> {
    const model = await store.insert({
      id: randomUUID(),
      owner_id: null,
      name,
      version,
      status: 'ready',
      file_key: 'models/a',
      file_size_bytes: 1000,
      ...change,
    })
    assert.ok(model)
    await catalogue.changed(model.id, model)
    return model
  }
  async function update(id: string, change: ModelChange): Promise<void> {
    await catalogue.changed(id, await store.update(id, change))
  }
  const loadsOf = (model: Model) => loads.filter(load => load.source.id === model.id)
  const load = (model: Model): CommandedLoad =>
    loadsOf(model).at(-1) ?? assert.fail(`no load of ${model.version}`)
  /** Has the model loaded and waits until it is warm. */
  async function warm(model: Model): Promise<void> {
    void shelf.ensure(model)
    load(model).succeed()
    await settle()
  }
  const version = async (target: ModelTarget) => (await serving.find(service, target)).source.version
  return { serving, shelf, catalogue, clock, loads, add, update, loadsOf, load, warm, version }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn()
}

function problem(code: ProblemCode, message: RegExp, retryAfterSeconds?: number) {
  return (error: unknown) => {
    assert.ok(isProblem(error), String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.equal(error.retryAfterSeconds, retryAfterSeconds)
    return true
  }
}

test('the newest ready version answers; while a newer one loads the one before it does', async t => {
  const { add, warm, version, load, loadsOf } = await setUp(t)
  await warm(await add('newest', '1'))
  assert.equal(await version({ name: 'newest' }), '1')
  const second = await add('newest', '2')
  assert.equal(await version({ name: 'newest' }), '1')
  assert.equal(await version({ name: 'newest' }), '1')
  assert.equal(loadsOf(second).length, 1)
  load(second).succeed()
  await settle()
  assert.equal(await version({ name: 'newest' }), '2')
})

test('a newest version that cannot be loaded leaves the one before it serving', async t => {
  const { add, warm, version, load } = await setUp(t)
  await warm(await add('broken', '1'))
  const second = await add('broken', '2')
  assert.equal(await version({ name: 'broken' }), '1')
  load(second).fail(new Error('broken'))
  await settle()
  assert.equal(await version({ name: 'broken' }), '1')
})

test('a call for a name loads its newest version and no other', async t => {
  const { add, version, loadsOf, load } = await setUp(t)
  const models = [await add('many', '1'), await add('many', '2'), await add('many', '3')] as const
  const answer = version({ name: 'many' })
  await settle()
  assert.deepEqual(
    models.map(model => loadsOf(model).length),
    [0, 0, 1],
  )
  load(models[2]).succeed()
  assert.equal(await answer, '3')
  assert.deepEqual(
    models.map(model => loadsOf(model).length),
    [0, 0, 1],
  )
})

test('a call for a name whose newest version cannot be loaded is answered by the one before it', async t => {
  const { add, version, load } = await setUp(t)
  const first = await add('fallback', '1')
  const second = await add('fallback', '2')
  const answer = version({ name: 'fallback' })
  await settle()
  load(second).fail(new Error('broken'))
  await settle()
  load(first).succeed()
  assert.equal(await answer, '1')
})

test('a call by version or by id gets that version, whatever the newest is', async t => {
  const { add, warm, version } = await setUp(t)
  const first = await add('by-version', '1')
  const second = await add('by-version', '2')
  await warm(first)
  await warm(second)
  assert.equal(await version({ name: 'by-version', version: '1' }), '1')
  assert.equal(await version({ id: first.id }), '1')
  assert.equal(await version({ name: 'by-version', version: '2' }), '2')
})

test('what is not there, not ready or archived is answered with the reason', async t => {
  const { serving, add, warm, update } = await setUp(t)
  const pending = await add('states', '1', { status: 'pending' })
  const archived = await add('states', '2')
  await warm(archived)
  await update(archived.id, { status: 'archived' })
  const find = async (target: ModelTarget) => serving.find(service, target)
  for (const target of [{ id: archived.id }, { name: 'states', version: '2' }, { name: 'states' }])
    await assert.rejects(
      find(target),
      problem('model-state', /states@2 cannot predict: its status is archived/),
    )
  await assert.rejects(find({ id: pending.id }), problem('model-state', /states@1 .* status is pending/))
  await assert.rejects(
    find({ name: 'states', version: '9' }),
    problem('model-not-found', /^Model states has no version 9\. It has 2, 1\.$/),
  )
  await assert.rejects(find({ name: 'nobody' }), problem('model-not-found', /no model named nobody/))
  await assert.rejects(
    find({ name: 'nobody', version: '1' }),
    problem('model-not-found', /no model named nobody/),
  )
  const id = randomUUID()
  await assert.rejects(find({ id }), problem('model-not-found', new RegExp(id)))
})

test('a version that another replica has just written is found, though nobody told us yet', async t => {
  const { serving, load, loads } = await setUp(t)
  const model = await store.insert({
    id: randomUUID(),
    owner_id: null,
    name: 'unheard',
    version: '1',
    status: 'ready',
    file_key: 'models/a',
  })
  assert.ok(model)
  for (const target of [{ id: model.id }, { name: 'unheard' }, { name: 'unheard', version: '1' }]) {
    const answer = Promise.resolve(serving.find(service, target))
    if (loads.length === 0) {
      await until(() => loads.length > 0, 'it is loaded')
      load(model).succeed()
    }
    assert.equal((await answer).source.id, model.id)
  }
})

test('a call waits a moment for a model that is loading, then gets 503 with a time to come back', async t => {
  const { serving, add, clock, load, version } = await setUp(t)
  const model = await add('slow', '1')
  const early = assert.rejects(
    async () => serving.find(service, { name: 'slow' }),
    problem('model-not-loaded', /slow@1 is not loaded yet. Try again/, 2),
  )
  await settle()
  clock.turn(2999)
  const late = version({ name: 'slow' })
  clock.turn(1)
  await early
  load(model).succeed()
  assert.equal(await late, '1')
})

test('a call for a model that failed a moment ago gets 503 with the reason at once', async t => {
  const { serving, add, load } = await setUp(t)
  const model = await add('failed', '1')
  const first = Promise.resolve(serving.find(service, { id: model.id }))
  const refused = assert.rejects(first, problem('model-not-loaded', /could not be loaded/, 5))
  await settle()
  load(model).fail(new Error('broken'))
  await refused
  await assert.rejects(
    async () => serving.find(service, { id: model.id }),
    problem('model-not-loaded', /failed@1 could not be loaded/, 5),
  )
})

test('what was unloaded stays out until it is loaded again', async t => {
  const { serving, shelf, add, warm, update, loadsOf, version } = await setUp(t, { required: ['rest'] })
  const model = await add('rest', '1')
  await warm(model)
  await update(model.id, { unloaded: true })
  await shelf.drop(model.id)
  for (const target of [{ name: 'rest' }, { id: model.id }, { name: 'rest', version: '1' }])
    await assert.rejects(
      async () => serving.find(service, target),
      problem('model-not-loaded', /was unloaded. Load it by POST/, 30),
    )
  await serving.tend()
  await serving.preload()
  assert.equal(loadsOf(model).length, 1)
  assert.deepEqual(serving.reasons(), ['Required model rest was unloaded.'])
  await update(model.id, { unloaded: false })
  await warm(model)
  assert.equal(await version({ name: 'rest' }), '1')
})

test('required versions are loaded first, then the last used, up to the limit of bytes', async t => {
  const { serving, catalogue, add, loads, load } = await setUp(t, {
    required: ['order-required'],
    preloadBytes: 3500,
  })
  const size = (file_size_bytes: number) => ({ file_size_bytes })
  const old = await add('order-old', '1', size(100))
  const large = await add('order-large', '1', size(5000))
  const recent = await add('order-recent', '1', size(1000))
  const required = await add('order-required', '1', size(2000))
  const fresh = await add('order-fresh', '1', size(100))
  const soon = Date.now() + 60_000
  await store.touch(
    new Map([
      [large.id, soon + 2],
      [recent.id, soon + 1],
      [fresh.id, soon],
    ]),
  )
  await catalogue.refresh()
  const preloaded = serving.preload()
  const mine = loads.filter(({ source }) => source.name.startsWith('order-'))
  assert.deepEqual(
    mine.map(({ source }) => source.name),
    ['order-required', 'order-recent', 'order-fresh', 'order-old'],
  )
  for (const { succeed } of loads) succeed()
  await preloaded
  assert.ok(serving.isWarm(required) && serving.isWarm(old) && !serving.isWarm(large))
  assert.equal(load(fresh).source.id, fresh.id)
})

test('a required model that is larger than the limit of bytes is loaded all the same', async t => {
  const { serving, add, loads } = await setUp(t, { required: ['huge'], preloadBytes: 10 })
  const model = await add('huge', '1')
  void serving.preload()
  assert.deepEqual(
    loads.map(load => load.source.id),
    [model.id],
  )
})

test('says of each required model why it is not ready: missing, loading, failed', async t => {
  const { serving, add, load } = await setUp(t, { required: ['needed', 'absent'] })
  const absent =
    'Required model absent does not exist: no version of it, uploaded with the service-role key, is ready.'
  assert.deepEqual(serving.reasons(), [
    'Required model needed does not exist: no version of it, uploaded with the service-role key, is ready.',
    absent,
  ])
  const model = await add('needed', '1')
  await serving.tend()
  assert.deepEqual(serving.reasons(), ['Required model needed@1 is loading.', absent])
  load(model).fail(new Error('broken'))
  await settle()
  assert.match(serving.reasons()[0] ?? '', /^Required model needed@1 failed to load: The model could not/)
})

test('a required model whose newest version is broken becomes ready by the one before it', async t => {
  const { serving, clock, add, load, loadsOf } = await setUp(t, { required: ['fallen'] })
  const first = await add('fallen', '1')
  const second = await add('fallen', '2')
  void serving.preload()
  assert.deepEqual([loadsOf(first).length, loadsOf(second).length], [0, 1])
  load(second).fail(new Error('broken'))
  await settle()
  await serving.tend()
  load(first).succeed()
  await settle()
  assert.deepEqual(serving.reasons(), [])
  const states = serving.states(service).filter(({ model }) => model.name === 'fallen')
  assert.deepEqual(
    states.map(({ model, state, required, serves }) => [model.version, state.tag, required, serves]),
    [
      ['2', 'failed', true, false],
      ['1', 'warm', true, true],
    ],
  )
  clock.turn(1000)
  await serving.tend()
  load(second).succeed()
  await settle()
  assert.equal((await serving.find(service, { name: 'fallen' })).source.version, '2')
})

test('a required model stays in memory, an optional one goes when it is idle, and when it was used is kept', async t => {
  const { serving, clock, add, warm, shelf } = await setUp(t, { required: ['pinned'], idleSeconds: 60 })
  const pinned = await add('pinned', '1')
  const optional = await add('optional', '1')
  await warm(pinned)
  await warm(optional)
  await serving.find(service, { id: optional.id })
  const usedAt = clock.now()
  clock.turn(61_000)
  await serving.tend()
  assert.deepEqual([shelf.state(pinned.id).tag, shelf.state(optional.id).tag], ['warm', 'absent'])
  assert.equal((await store.byId(optional.id))?.last_used_at?.getTime(), usedAt)
  assert.equal((await store.byId(pinned.id))?.last_used_at, null)
})

test('what was archived or removed elsewhere is taken out of memory', async t => {
  const { serving, add, warm, update, shelf, catalogue } = await setUp(t)
  const archived = await add('out', '1')
  const removed = await add('out', '2')
  await warm(archived)
  await warm(removed)
  await update(archived.id, { status: 'archived' })
  await store.remove(removed.id)
  await catalogue.changed(removed.id, null)
  await serving.tend()
  assert.deepEqual([shelf.state(archived.id).tag, shelf.state(removed.id).tag], ['absent', 'absent'])
})

test('of a name whose newest version is unloaded the one before it is loaded and answers', async t => {
  const { add, load, version } = await setUp(t)
  const first = await add('half', '1')
  await add('half', '2', { unloaded: true })
  const answer = version({ name: 'half' })
  await settle()
  load(first).succeed()
  assert.equal(await answer, '1')
})
