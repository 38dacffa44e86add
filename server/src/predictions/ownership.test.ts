import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { createMemoryCache } from '../adapters/cache/memory.ts'
import { createCredits } from '../credits/credits.ts'
import type { CreditTables } from '../credits/store.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createCatalogue } from '../models/catalogue.ts'
import { createServing } from '../models/serving.ts'
import { createShelf } from '../models/shelf.ts'
import { createModelStore, type ModelTables } from '../models/store.ts'
import type { Database } from '../ports/database.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { commandedLoader } from '../testing/commanded-loader.ts'
import { defer } from '../testing/defer.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { createJournal } from './journal.ts'
import { createPredictionCache } from './prediction-cache.ts'
import { createPredictionCounts } from './prediction-counts.ts'
import { createPredictions } from './predictions.ts'
import { createPredictionStore, type PredictionTables } from './store.ts'

const file = { after }
const { database } = await openTestDatabase<ModelTables & PredictionTables & CreditTables>(file, {
  max: 2,
  systemMax: 2,
})
const bus = createInProcessBus()
defer(file, bus.close)
const models = createModelStore(database.system)
const store = createPredictionStore(database.system)
const catalogue = createCatalogue({ store: models, bus, log: silentLog })
defer(file, catalogue.close)
const { loader, loads } = commandedLoader()
const clock = systemClock
const ids = createIds()
const log = silentLog
const shelf = createShelf({ loader, clock, log, idleSeconds: 600, memoryBytes: 1e9, required: [] })
defer(file, shelf.close)
const credits = createCredits({ database, clock, log })
const journal = createJournal({ store, clock, log, mode: 'full', perSecond: 1000, burst: 1000 })
defer(file, () => journal.close(3000))

function room(over: Database<ModelTables & PredictionTables>) {
  const serving = createServing({
    catalogue,
    shelf,
    database: over,
    clock,
    log,
    required: [],
    preloadBytes: 0,
  })
  const cache = createPredictionCache({ cache: createMemoryCache({ maxBytes: 1e6 }), ttlSeconds: 60 })
  const limits = { timeoutMs: 1000, retentionDays: 30 }
  return createPredictions({
    serving,
    cache,
    journal,
    counts: createPredictionCounts(),
    credits,
    database: over,
    ids,
    clock,
    ...limits,
  })
}

const predictions = room(database)
const service = serviceCaller('test')
const admin = await newCaller(database.system, 'admin')
const [ann, bob, eve] = [
  await newCaller(database.system),
  await newCaller(database.system),
  await newCaller(database.system),
]
const callers = [ann, bob, admin, service, anonymousCaller]

/** A public model of Ann's that each of the callers has called once; who has, by the id of the call. */
async function called(name: string) {
  const model = await models.insert({
    id: randomUUID(),
    owner_id: ann.userId,
    name,
    version: '1',
    status: 'ready',
    visibility: 'public',
    file_key: 'models/a',
  })
  assert.ok(model)
  await catalogue.changed(model.id, model)
  void shelf.ensure(model)
  loads.at(-1)?.succeed()
  const calls = new Map<string, Caller>()
  for (const caller of callers) {
    const found = await predictions.find(caller, { id: model.id })
    const { id } = await predictions.predict(caller, found, { inputs: [], outputs: [], useCache: false })
    calls.set(id, caller)
  }
  await journal.flush(5000)
  return { model, calls }
}

test('a user sees the calls they made, administrators and the service-role key those of everyone', async () => {
  const { model, calls } = await called('history')
  for (const over of [
    database,
    // Row-level security is taken away: what is left is the room's own question.
    { ...database, as: (_caller, work) => database.asSystem(work) } satisfies typeof database,
  ]) {
    const history = async (caller: Caller) => {
      const rows = await room(over).history(caller, model.id, { limit: 100 })
      return rows.map(row => [calls.get(row.id), row.user_id])
    }
    for (const caller of [ann, bob]) assert.deepEqual(await history(caller), [[caller, caller.userId]])
    for (const caller of [eve, anonymousCaller]) assert.deepEqual(await history(caller), [])
    for (const caller of [admin, service])
      assert.deepEqual(
        await history(caller),
        callers.toReversed().map(each => [each, each.userId]),
      )
  }
})

test('who may no longer see a model reads nothing of its history, as if it were not there', async () => {
  const { model } = await called('withdrawn-history')
  await catalogue.changed(model.id, await models.update(model.id, { visibility: 'private' }))
  for (const modelId of [model.id, randomUUID()])
    await assert.rejects(predictions.history(bob, modelId, { limit: 1 }), {
      code: 'model-not-found',
      message: `There is no model with the id ${modelId}.`,
    })
  assert.equal((await predictions.history(ann, model.id, { limit: 100 })).length, 1)
})

test('the database itself shows and changes nothing of another’s calls, for others and for nobody', async () => {
  const { model, calls } = await called('walled-history')
  const row = (await store.list(model.id, { limit: 1 }))[0]
  assert.ok(row)
  async function seen(as: ReturnType<typeof createPredictionStore>): Promise<unknown[]> {
    const all = await as.list(model.id, { limit: 100 })
    for (const { userId } of [ann, bob])
      for (const each of await as.list(model.id, { userId, limit: 100 }))
        assert.ok(all.some(({ id }) => id === each.id))
    assert.equal(await as.removeOfModel(model.id, 100), 0)
    assert.equal(await as.removeOlderThan(new Date(Date.now() + 60_000), 100), 0)
    return all.map(({ id }) => calls.get(id))
  }
  for (const [caller, expected] of [
    [ann, [ann]],
    [eve, []],
    [anonymousCaller, []],
  ] as const)
    assert.deepEqual(await database.as(caller, db => seen(createPredictionStore(db))), expected)
  assert.deepEqual(await seen(createPredictionStore(database.nobody)), [])

  const forged = {
    modelId: model.id,
    id: ids.uuid(),
    modelVersion: '1',
    userId: bob.userId,
    requestId: null,
    inputJson: null,
    outputJson: null,
    inferenceTimeMs: 0,
    cached: false,
    error: null,
    createdAt: Date.now(),
  }
  const refused = { code: '42501' }
  for (const caller of [ann, bob, admin, anonymousCaller])
    await assert.rejects(
      database.as(caller, db => createPredictionStore(db).insert([forged])),
      refused,
    )
  await assert.rejects(createPredictionStore(database.nobody).insert([forged]), refused)
  for (const db of [database.system, database.nobody])
    await assert.rejects(sql`update predictions set user_id = null`.execute(db), refused)
  assert.equal((await store.list(model.id, { limit: 100 })).length, callers.length)
})
