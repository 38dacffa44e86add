import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import pg from 'pg'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { openPostgresBus } from '../adapters/postgres/bus.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { silentLog } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { defer, type Scope } from '../testing/defer.ts'
import { testDatabase } from '../testing/test-database.ts'
import { until } from '../testing/until.ts'
import { createCatalogue } from './catalogue.ts'
import type { Model } from './model.ts'
import { createModelStore, type ModelStore, type ModelTables } from './store.ts'

const file = { after }
const { appUrl, adminUrl } = await testDatabase(file)
const database = openDatabase<ModelTables>({
  url: appUrl,
  applicationName: 'rh-catalogue-test',
  max: 4,
  log: silentLog,
})
defer(file, database.close)
const store = createModelStore(database.db)

async function insert(name: string, version: string): Promise<Model> {
  const model = await store.insert({
    id: randomUUID(),
    name,
    version,
    status: 'ready',
    file_key: 'models/a',
  })
  return model ?? assert.fail(`${name}@${version} is taken`)
}

function open(scope: Scope, bus: Bus, rows: ModelStore = store) {
  const catalogue = createCatalogue({ store: rows, bus, log: silentLog })
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

test('knows the ready versions of a name, newest first, and archived ones by their version alone', async t => {
  const first = await insert('order', '1')
  await insert('order', '10')
  await insert('order', '9')
  await store.insert({ id: randomUUID(), name: 'order', version: 'draft', status: 'pending' })
  await store.update(first.id, { status: 'archived' })
  const catalogue = open(t, localBus(t))
  assert.deepEqual(catalogue.names(), [])
  await catalogue.refresh()
  assert.deepEqual(versions(catalogue.readyVersions('order')), ['9', '10'])
  assert.equal(catalogue.version('order', '1')?.status, 'archived')
  assert.equal(catalogue.byId(first.id)?.id, first.id)
  assert.equal(catalogue.version('order', 'draft'), undefined)
  assert.deepEqual(catalogue.names(), ['order'])
  assert.deepEqual(versions(catalogue.all()), ['9', '10', '1'])
  assert.deepEqual(versions(catalogue.readyVersions('nobody')), [])
})

test('what one replica writes the others know a moment later: created, archived, removed', async t => {
  const here = open(t, await openBus(t, 'rh-bus-here'))
  const there = open(t, await openBus(t, 'rh-bus-there'))
  const model = await insert('told', '1')
  await here.changed(model.id, model)
  assert.deepEqual(versions(here.readyVersions('told')), ['1'])
  await until(() => there.readyVersions('told').length === 1, 'the other hears of the new version')

  await here.changed(model.id, await store.update(model.id, { status: 'archived' }))
  await until(() => there.readyVersions('told').length === 0, 'the other hears that it was archived')
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
  assert.deepEqual(versions(catalogue.readyVersions('gap')), ['1'])
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [applicationName],
  )
  await admin.end()
  assert.equal(rowCount, 1)
  await until(() => versions(catalogue.readyVersions('gap')).join() === '2', 'it reads again')
})

test('what changes while everything is read again is not lost', async t => {
  const known = await insert('during', '1')
  const read = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let reads = 0
  const rows: ModelStore = {
    ...store,
    async listServable() {
      const models = await store.listServable()
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
  assert.deepEqual(versions(catalogue.readyVersions('during')), ['2'])
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
  assert.deepEqual(versions(catalogue.readyVersions('untold')), ['1'])
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
