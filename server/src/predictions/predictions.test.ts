import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { isProblem, type ProblemCode, type Tensor } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { createMemoryCache } from '../adapters/cache/memory.ts'
import { openFolderStore } from '../adapters/files/folder.ts'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { createCredits } from '../credits/credits.ts'
import type { CreditTables } from '../credits/store.ts'
import { systemClock } from '../kit/clock.ts'
import { context } from '../kit/context.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { BatchReport } from '../models/batcher.ts'
import { createCatalogue } from '../models/catalogue.ts'
import { createLoader, type LoadedModel } from '../models/loader.ts'
import type { Model } from '../models/model.ts'
import { createServing } from '../models/serving.ts'
import { createShelf } from '../models/shelf.ts'
import { createModelStore, type ModelTables } from '../models/store.ts'
import { newCaller } from '../testing/callers.ts'
import { defer } from '../testing/defer.ts'
import { failingModel, identityModel, randomModel, slowModel } from '../testing/onnx/models.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { createJournal } from './journal.ts'
import { createPredictionCache } from './prediction-cache.ts'
import { createPredictionCounts } from './prediction-counts.ts'
import { createPredictions, type PredictRequest } from './predictions.ts'
import { createPredictionStore, type PredictionTables } from './store.ts'

// Both rooms, real from the session to the row.
const file = { after }
const log = silentLog
const clock = systemClock
const ids = createIds()
const { database } = await openTestDatabase<ModelTables & PredictionTables & CreditTables>(file, { max: 3 })
const bus = createInProcessBus()
defer(file, bus.close)
const files = await openFolderStore({ folder: await temporaryFolder(file) })
const reports: ({ name: string } & BatchReport)[] = []
const loader = createLoader({
  files,
  runtime: createOnnxRuntime({ log }),
  log,
  now: () => performance.now(),
  lanes: 1,
  reportBatch: ({ name }, batch) => reports.push({ name, ...batch }),
})
const shelf = createShelf({ loader, clock, log, idleSeconds: 600, memoryBytes: 1e9, required: [] })
defer(file, shelf.close)
const modelStore = createModelStore(database.system)
const catalogue = createCatalogue({ store: modelStore, bus, log })
defer(file, catalogue.close)
const serving = createServing({
  catalogue,
  shelf,
  database,
  clock,
  log,
  required: [],
  preloadBytes: 0,
})
const store = createPredictionStore(database.system)
const cache = createPredictionCache({ cache: createMemoryCache({ maxBytes: 1e6 }), ttlSeconds: 60 })
const journal = createJournal({ store, clock, log, mode: 'full', perSecond: 1000, burst: 10_000 })
defer(file, () => journal.close(3000))
const credits = createCredits({ database, clock, log })
const predictions = createPredictions({
  counts: createPredictionCounts(),
  serving,
  cache,
  journal,
  credits,
  database,
  ids,
  clock,
  timeoutMs: 20_000,
  retentionDays: 30,
})
const caller = serviceCaller('test')

async function add(name: string, bytes: Uint8Array): Promise<Model> {
  const id = randomUUID()
  const stored = await files.put(`models/${id}`, Readable.from([bytes]), { maxBytes: 1e8 })
  const model = await modelStore.insert({
    id,
    owner_id: null,
    name,
    version: '1',
    status: 'ready',
    file_key: `models/${id}`,
    file_hash: stored.sha256,
    file_size_bytes: stored.sizeBytes,
  })
  assert.ok(model)
  await catalogue.changed(id, model)
  return model
}

async function warm(name: string, bytes: Uint8Array): Promise<LoadedModel> {
  const target = { id: (await add(name, bytes)).id }
  // On a machine that is busy a load may take longer than a caller is kept waiting for it.
  for (let tries = 1; ; tries += 1) {
    try {
      return await predictions.find(caller, target)
    } catch (error) {
      if (!problem('model-not-loaded')(error) || tries === 10) throw error
    }
  }
}

function floats(...values: number[]): Tensor {
  return { name: 'x', datatype: 'FP32', shape: [1, values.length], data: Float32Array.from(values) }
}

function request(input: Tensor, change: Partial<PredictRequest> = {}): PredictRequest {
  return { inputs: [input], outputs: ['y'], useCache: true, ...change }
}

const history = (model: LoadedModel) => predictions.history(caller, model.source.id, { limit: 100 })
const runs = (name: string) => reports.filter(report => report.name === name).length
const problem = (code: ProblemCode) => (error: unknown) => isProblem(error) && error.code === code
const pair = identityModel('FP32', ['N', 2])

test('a prediction is answered by the model, then from the cache, and both are in the history', async () => {
  const model = await warm('cached', pair)
  const predict = () => predictions.predict(caller, model, request(floats(1, 2)))
  const answers = await context.run({ requestId: 'request-7', userId: null }, async () => [
    await predict(),
    await predict(),
  ])
  assert.deepEqual(
    answers.map(answer => [answer.cached, answer.outputs[0]?.data]),
    [
      [false, Float32Array.of(1, 2)],
      [true, Float32Array.of(1, 2)],
    ],
  )
  assert.ok((answers[0]?.inferenceTimeMs ?? 0) > 0)
  assert.equal(answers[1]?.inferenceTimeMs, 0)
  assert.equal(runs('cached'), 1)
  assert.deepEqual(
    (await history(model)).map(row => [row.id, row.cached, row.status, row.request_id, row.output_data]),
    [
      [answers[1]?.id, true, 'ok', 'request-7', '{"y":[[1,2]]}'],
      [answers[0]?.id, false, 'ok', 'request-7', '{"y":[[1,2]]}'],
    ],
  )
  const { success, cacheHit, cacheMiss } = model.statistics
  assert.deepEqual([success.count, cacheHit.count, cacheMiss.count], [2, 1, 1])
})

test('a caller who skips the cache gets a run, and nothing of it is kept', async () => {
  const model = await warm('skipped', pair)
  for (let count = 0; count < 2; count++) {
    const { cached } = await predictions.predict(caller, model, request(floats(1, 2), { useCache: false }))
    assert.equal(cached, false)
  }
  assert.equal(runs('skipped'), 2)
  assert.equal((await predictions.predict(caller, model, request(floats(1, 2)))).cached, false)
})

test('a model that draws random numbers is never answered from the cache', async () => {
  const model = await warm('dice', randomModel())
  const answers: string[] = []
  for (let count = 0; count < 3; count++) {
    const { cached, outputs } = await predictions.predict(caller, model, request(floats(1, 2)))
    assert.equal(cached, false)
    answers.push(String(outputs[0]?.data))
  }
  assert.equal(new Set(answers).size, 3)
})

test('a client that went away before its run costs none, and is not in the history', async () => {
  const model = await warm('gone', pair)
  for (const useCache of [true, false]) {
    const away = new AbortController()
    const refused = assert.rejects(
      predictions.predict(caller, model, request(floats(3, 4), { useCache, signal: away.signal })),
      problem('client-closed'),
    )
    away.abort()
    await refused
  }
  assert.equal(runs('gone'), 0)
  assert.deepEqual(await history(model), [])
})

test('a model that was replaced between finding it and running on it is answered by its successor', async () => {
  const model = await warm('replaced', pair)
  const row = catalogue.byId(model.source.id) ?? assert.fail()
  const successor = await shelf.reload(row)
  assert.notEqual(successor, model)
  const { outputs } = await predictions.predict(caller, model, request(floats(5, 6)))
  assert.deepEqual(outputs[0]?.data, Float32Array.of(5, 6))
  assert.equal(successor.statistics.executionCount, 1)
})

test('a model that was dropped between finding it and running on it is loaded again', async () => {
  const model = await warm('dropped', pair)
  await shelf.drop(model.source.id)
  const { outputs } = await predictions.predict(caller, model, request(floats(5, 6)))
  assert.deepEqual(outputs[0]?.data, Float32Array.of(5, 6))
})

test('a model that was removed meanwhile is answered with model-not-found', async () => {
  const model = await warm('removed', pair)
  await modelStore.remove(model.source.id)
  await catalogue.changed(model.source.id, null)
  await shelf.drop(model.source.id)
  await assert.rejects(predictions.predict(caller, model, request(floats(5, 6))), problem('model-not-found'))
})

test('a run that failed is in the history with its error, and its answer is not kept', async () => {
  const model = await warm('failing', failingModel())
  const index: Tensor = { name: 'index', datatype: 'INT64', shape: [1], data: BigInt64Array.of(9n) }
  for (let count = 0; count < 2; count++)
    await assert.rejects(predictions.predict(caller, model, request(index)), problem('model-failed'))
  const rows = await history(model)
  assert.equal(rows.length, 2)
  assert.equal(rows[0]?.status, 'error')
  assert.match(rows[0]?.error ?? '', /9/)
  assert.deepEqual([rows[0]?.input_data, rows[0]?.output_data], ['{"index":[9]}', null])
  assert.equal(model.statistics.fail.count, 2)
})

test('a prediction is given up at the time the request asks for, and no later than the server allows', async () => {
  const model = await warm('slow', slowModel(40))
  const rows = 96
  const slow: Tensor = {
    name: 'x',
    datatype: 'FP32',
    shape: [rows, 512],
    data: new Float32Array(rows * 512),
  }
  const strict = createPredictions({
    counts: createPredictionCounts(),
    serving,
    cache,
    journal,
    credits,
    database,
    ids,
    clock,
    timeoutMs: 30,
    retentionDays: 30,
  })
  for (const [room, timeoutMs] of [
    [predictions, 30],
    [strict, undefined],
    [strict, 60_000],
  ] as const) {
    // Behind runs of another caller, so that the time is over before its own has ended.
    const before = [1, 2, 3].map(() => model.run({ inputs: [slow], outputs: ['y'], timeoutMs: 60_000 }))
    await turn()
    await assert.rejects(
      room.predict(caller, model, request(slow, { timeoutMs, useCache: false })),
      problem('deadline-exceeded'),
    )
    await Promise.all(before)
  }
  assert.deepEqual(await history(model), [])
})

test('the history is read newest first in pages, and asks for a model that exists', async () => {
  const model = await warm('pages', pair)
  const made: string[] = []
  for (let count = 0; count < 5; count++)
    made.unshift((await predictions.predict(caller, model, request(floats(count, 0)))).id)
  const page = (limit: number, beforeId?: string) =>
    predictions.history(caller, model.source.id, { limit, beforeId })
  const first = (await page(2)).map(row => row.id)
  assert.deepEqual(first, made.slice(0, 2))
  assert.deepEqual(
    (await page(10, first.at(-1))).map(row => row.id),
    made.slice(2),
  )
  await assert.rejects(predictions.history(caller, randomUUID(), { limit: 1 }), problem('model-not-found'))
})

test('history older than its retention goes, and with a model goes all of its own and nothing else', async () => {
  const model = await warm('kept', pair)
  const other = await warm('other', pair)
  const entry = (loaded: LoadedModel, days: number) => ({
    id: ids.uuid(),
    modelId: loaded.source.id,
    modelVersion: '1',
    userId: null,
    requestId: null,
    inputs: [],
    outputs: null,
    inferenceTimeMs: 0,
    cached: false,
    error: null,
    createdAt: clock.now() - days * 86_400_000,
  })
  for (let count = 0; count < 2500; count++) journal.add(entry(model, 31))
  journal.add(entry(model, 29))
  journal.add(entry(other, 1))
  await journal.flush(10_000)
  await predictions.sweep()
  assert.equal((await history(model)).length, 1)

  await predictions.predict(caller, model, request(floats(1, 2)))
  await predictions.predict(caller, other, request(floats(1, 2)))
  await journal.flush(10_000)
  await predictions.forget(model.source.id)
  assert.deepEqual(await history(model), [])
  assert.equal((await history(other)).length, 2)
  assert.equal((await predictions.predict(caller, model, request(floats(1, 2)))).cached, false)
  assert.equal((await predictions.predict(caller, other, request(floats(1, 2)))).cached, true)
})

test('a prediction costs the price of its model, from the cache too, and nothing when it fails', async () => {
  const ann = await newCaller(database.system)
  const balance = async () => (await credits.account(ann)).balance
  const model = await warm('paid', pair)
  const failing = await warm('paid-failing', failingModel())
  for (const { source } of [model, failing])
    await catalogue.changed(source.id, await modelStore.update(source.id, { price: 7 }))
  const before = await balance()
  const made = await predictions.predict(ann, model, request(floats(3, 4)))
  const again = await predictions.predict(ann, model, request(floats(3, 4)))
  assert.deepEqual([made.cached, again.cached], [false, true])
  assert.equal(await balance(), before - 14)
  const { ledger } = await credits.account(ann)
  assert.deepEqual(
    ledger.slice(0, 2).map(({ amount, reason, reference }) => [amount, reason, reference]),
    [again, made].map(({ id }) => [-7, 'prediction paid@1', `prediction:${id}`]),
  )
  await assert.rejects(
    predictions.predict(ann, failing, request(floats(1, 2), { useCache: false })),
    problem('model-failed'),
  )
  assert.deepEqual(await credits.account(ann), { balance: before - 14, held: 0, ledger })
})

test('who has no account and who calls a model without a price pays nothing, and the ledger is not asked', async () => {
  const ann = await newCaller(database.system)
  const free = await warm('free', pair)
  const paid = await warm('not-for-the-house', pair)
  await catalogue.changed(paid.source.id, await modelStore.update(paid.source.id, { price: 7 }))
  const unasked = createPredictions({
    counts: createPredictionCounts(),
    serving,
    cache,
    journal,
    credits: { charge: () => Promise.reject(new Error('asked')) },
    database,
    ids,
    clock,
    timeoutMs: 20_000,
    retentionDays: 30,
  })
  await unasked.predict(ann, free, request(floats(1, 2)))
  await unasked.predict(caller, paid, request(floats(1, 2)))
  await assert.rejects(unasked.predict(ann, paid, request(floats(1, 2))), /asked/)
})

test('who has fewer credits to spare than a call costs is refused before it runs', async () => {
  const ann = await newCaller(database.system)
  const { balance } = await credits.account(ann)
  const model = await warm('dear', pair)
  await catalogue.changed(model.source.id, await modelStore.update(model.source.id, { price: balance }))
  await predictions.predict(ann, model, request(floats(1, 2)))
  const runs = reports.length
  await assert.rejects(
    predictions.predict(ann, model, request(floats(1, 2))),
    problem('insufficient-credits'),
  )
  assert.equal(reports.length, runs)
})
