import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { openPostgresBus } from '../adapters/postgres/bus.ts'
import { silentLog } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { newCaller } from '../testing/callers.ts'
import { defer, type Scope } from '../testing/defer.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { until } from '../testing/until.ts'
import { type Catalogue, createCatalogue } from './catalogue.ts'
import type { Family } from './family.ts'
import type { Model } from './model.ts'
import { createModelStore, type ModelStore, type ModelTables } from './store.ts'

const file = { after }
const { appUrl, adminUrl, database } = await openTestDatabase<ModelTables>(file, { max: 4 })
const store = createModelStore(database.system)

async function insert(name: string, version: string, ownerId: string | null = null): Promise<Model> {
  const model = await store.insert({
    id: randomUUID(),
    owner_id: ownerId,
    name,
    version,
    status: 'ready',
    file_key: 'models/a',
  })
  return model ?? assert.fail(`${name}@${version} is taken`)
}

function open(scope: Scope, bus: Bus, rows: ModelStore = store, onGone: (model: Model) => void = () => {}) {
  const catalogue = createCatalogue({ store: rows, bus, log: silentLog, onGone })
  defer(scope, catalogue.close)
  return catalogue
}

async function openBus(scope: Scope, applicationName: string): Promise<Bus> {
  const bus = await openPostgresBus({ url: appUrl, applicationName, log: silentLog })
  defer(scope, bus.close)
  return bus
}

function localBus(scope: Scope): Bus {
  const bus = createInProcessBus()
  defer(scope, bus.close)
  return bus
}

/** Answers of `byId` that come back when the test says: the rows are those of the time they were asked for. */
function heldReads() {
  const held: (() => void)[] = []
  const rows: ModelStore = {
    ...store,
    async byId(id) {
      const model = await store.byId(id)
      await new Promise<void>(resolve => held.push(resolve))
      return model
    },
  }
  return { rows, held }
}

const versions = (models: readonly Model[]) => models.map(model => model.version)
/** Of the house. */
const readyVersions = (catalogue: Catalogue, name: string) =>
  catalogue.familyOf({ name, owner_id: null })?.ready ?? []

test('knows the ready versions of a name, newest first, and archived ones by their version alone', async t => {
  const first = await insert('order', '1')
  await insert('order', '10')
  await insert('order', '9')
  await store.insert({
    id: randomUUID(),
    owner_id: null,
    name: 'order',
    version: 'draft',
    status: 'pending',
  })
  await store.update(first.id, { status: 'archived' })
  const catalogue = open(t, localBus(t))
  assert.deepEqual(catalogue.allFamilies(), [])
  await catalogue.refresh()
  assert.deepEqual(versions(readyVersions(catalogue, 'order')), ['9', '10'])
  const family = catalogue.familyOf(first)
  assert.equal(family?.versions.get('1')?.status, 'archived')
  assert.equal(catalogue.byId(first.id)?.id, first.id)
  assert.equal(family?.versions.has('draft'), false)
  assert.deepEqual(catalogue.allFamilies(), [family])
  assert.deepEqual(versions(catalogue.all()), ['9', '10', '1'])
  assert.deepEqual(versions(readyVersions(catalogue, 'nobody')), [])
})

test('two owners may have models of one name; neither holds versions of the other', async t => {
  const { userId } = await newCaller(database.system)
  const house = await insert('shared', '1')
  const theirs = await insert('shared', '1', userId)
  const newest = await insert('shared', '2', userId)
  assert.equal(
    await store.insert({
      id: randomUUID(),
      owner_id: userId,
      name: 'shared',
      version: '2',
      status: 'pending',
    }),
    null,
    'one owner, one name, one version',
  )
  const catalogue = open(t, localBus(t))
  await catalogue.refresh()
  const ids = (family: Family | undefined) => family?.ready.map(model => model.id)
  assert.deepEqual(ids(catalogue.familyOf(house)), [house.id])
  assert.deepEqual(ids(catalogue.familyOf(theirs)), [newest.id, theirs.id])
  assert.deepEqual([...(catalogue.families('shared')?.keys() ?? [])], [null, userId])
})

test('what one replica writes the others know a moment later: created, archived, removed', async t => {
  const here = open(t, await openBus(t, 'rh-bus-here'))
  const there = open(t, await openBus(t, 'rh-bus-there'))
  const model = await insert('told', '1')
  await here.changed(model.id, model)
  assert.deepEqual(versions(readyVersions(here, 'told')), ['1'])
  await until(() => readyVersions(there, 'told').length === 1, 'the other hears of the new version')

  await here.changed(model.id, await store.update(model.id, { status: 'archived' }))
  await until(() => readyVersions(there, 'told').length === 0, 'the other hears that it was archived')
  assert.equal(there.byId(model.id)?.status, 'archived')

  await store.remove(model.id)
  await here.changed(model.id, null)
  await until(() => there.byId(model.id) === undefined, 'the other hears that it was removed')
  assert.equal(here.byId(model.id), undefined)
})

test('a replica that lost its connection reads everything again when it is back', async t => {
  const applicationName = `rh-bus-gap-${process.pid}`
  const bus = await openBus(t, applicationName)
  const catalogue = open(t, bus)
  const removed = await insert('gap', '1')
  await catalogue.refresh()
  // Written by others while nobody listened.
  await insert('gap', '2')
  await store.remove(removed.id)
  assert.deepEqual(versions(readyVersions(catalogue, 'gap')), ['1'])
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [applicationName],
  )
  await admin.end()
  assert.equal(rowCount, 1)
  await until(() => versions(readyVersions(catalogue, 'gap')).join() === '2', 'it reads again')
})

test('what changes while everything is read again is not lost', async t => {
  const known = await insert('during', '1')
  const read = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let reads = 0
  const rows: ModelStore = {
    ...store,
    async listCatalogue() {
      const models = await store.listCatalogue()
      reads += 1
      if (reads > 1) return models
      read.resolve()
      await goOn.promise
      return models
    },
  }
  const catalogue = open(t, localBus(t), rows)
  const refreshed = catalogue.refresh()
  await read.promise
  const added = await insert('during', '2')
  await catalogue.changed(added.id, added)
  await store.remove(known.id)
  await catalogue.changed(known.id, null)
  goOn.resolve()
  await refreshed
  assert.deepEqual(versions(readyVersions(catalogue, 'during')), ['2'])
})

test('two reads that come back in the other order do not bring back the old state', async t => {
  const bus = localBus(t)
  const { rows, held } = heldReads()
  const catalogue = open(t, bus, rows)
  const model = await insert('swapped', '1')
  const ask = async () => {
    const before = held.length
    await bus.publish('models-changed', model.id)
    await until(() => held.length > before, 'it reads')
  }
  const answer = async (number: number) => {
    held[number]?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  await ask()
  await store.update(model.id, { description: 'better' })
  await ask()
  await answer(1)
  await answer(0)
  assert.equal(catalogue.byId(model.id)?.description, 'better')

  await ask()
  await store.remove(model.id)
  await ask()
  await answer(3)
  assert.equal(catalogue.byId(model.id), undefined)
  await answer(2)
  assert.equal(catalogue.byId(model.id), undefined, 'a removed model came back')
})

test('a read that began before this process removed the model does not bring it back', async t => {
  const bus = localBus(t)
  const { rows, held } = heldReads()
  const catalogue = open(t, bus, rows)
  const model = await insert('removed', '1')
  await bus.publish('models-changed', model.id)
  await until(() => held.length === 1, 'it reads')
  await store.remove(model.id)
  await catalogue.changed(model.id, null)
  held[0]?.()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(catalogue.byId(model.id), undefined)
})

test('what this process wrote is known here even when nobody can be told', async t => {
  const bus = await openBus(t, 'rh-bus-closed')
  const catalogue = open(t, bus)
  await bus.close()
  const model = await insert('untold', '1')
  await catalogue.changed(model.id, model)
  assert.deepEqual(versions(readyVersions(catalogue, 'untold')), ['1'])
})

test('a database that does not answer leaves what is known as it was', async t => {
  const bus = localBus(t)
  const model = await insert('away', '1')
  let asked = 0
  const rows: ModelStore = {
    ...store,
    byId() {
      asked += 1
      return Promise.reject(new Error('away'))
    },
  }
  const catalogue = open(t, bus, rows)
  await catalogue.refresh()
  await bus.publish('models-changed', model.id)
  await until(() => asked === 1, 'it reads')
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(catalogue.byId(model.id)?.id, model.id)
})

test('after close it hears of nothing any more', async t => {
  const bus = localBus(t)
  const catalogue = open(t, bus)
  const listening = open(t, bus)
  catalogue.close()
  const model = await insert('closed', '1')
  await bus.publish('models-changed', model.id)
  await until(() => listening.byId(model.id) !== undefined, 'the other hears')
  assert.equal(catalogue.byId(model.id), undefined)
})

test('every replica is told once of a version that can no longer be served, also of those of a removed user', async t => {
  const gone: [string[], string[]] = [[], []]
  const here = open(t, await openBus(t, 'gone-here'), store, model => gone[0].push(model.id))
  const there = open(t, await openBus(t, 'gone-there'), store, model => gone[1].push(model.id))
  const { userId } = await newCaller(database.system)
  const removed = await insert('gone', '1')
  const broken = await insert('gone', '2')
  const theirs = await insert('gone', '1', userId)
  await Promise.all([here.refresh(), there.refresh()])
  await store.remove(removed.id)
  await here.changed(removed.id, null)
  await here.changed(broken.id, await store.update(broken.id, { status: 'error' }))
  await until(() => gone[1].length === 2, 'the other replica is told')
  await sql`delete from users where id = ${userId}`.execute(database.system)
  await Promise.all([here.refresh(), there.refresh()])
  for (const ids of gone) assert.deepEqual(ids, [removed.id, broken.id, theirs.id])
})

test('a name is the house’s while it has a version of it that is more than private, whatever its status', async t => {
  const catalogue = open(t, localBus(t))
  const theirs = await insert('claimed', '1', (await newCaller(database.system)).userId)
  const ours = await insert('claimed', '1')
  const change = async (id: string, to: Parameters<ModelStore['update']>[1]) =>
    catalogue.changed(id, await store.update(id, to))
  await change(theirs.id, { visibility: 'public' })
  await catalogue.refresh()
  assert.equal(catalogue.isHouseName('claimed'), false)
  await change(ours.id, { visibility: 'users' })
  await change(ours.id, { status: 'error' })
  assert.equal(catalogue.isHouseName('claimed'), true)
  assert.equal(catalogue.byId(ours.id), undefined)
  await catalogue.refresh()
  assert.equal(catalogue.isHouseName('claimed'), true)
  await store.remove(ours.id)
  await catalogue.changed(ours.id, null)
  assert.equal(catalogue.isHouseName('claimed'), false)
})
