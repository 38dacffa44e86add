import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { type AgentConfig, agentConfig } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import { createInProcessBus } from '../../adapters/bus/in-process.ts'
import { createMemoryCache } from '../../adapters/cache/memory.ts'
import { createTensorCodec } from '../../adapters/codec/codec.ts'
import { openFolderStore } from '../../adapters/files/folder.ts'
import { createOnnxRuntime } from '../../adapters/onnx/runtime.ts'
import { createCredits } from '../../credits/credits.ts'
import type { CreditTables } from '../../credits/store.ts'
import { createIds } from '../../kit/ids.ts'
import { silentLog as log } from '../../kit/log.ts'
import { createCatalogue } from '../../models/catalogue.ts'
import { createLoader } from '../../models/loader.ts'
import type { Model } from '../../models/model.ts'
import { createServing } from '../../models/serving.ts'
import { createShelf } from '../../models/shelf.ts'
import { createModelStore, type ModelTables } from '../../models/store.ts'
import { createJournal } from '../../predictions/journal.ts'
import { createPredictionCache } from '../../predictions/prediction-cache.ts'
import { createPredictionCounts } from '../../predictions/prediction-counts.ts'
import { createPredictions } from '../../predictions/predictions.ts'
import { createPredictionStore, type PredictionTables } from '../../predictions/store.ts'
import { newCaller } from '../../testing/callers.ts'
import { defer } from '../../testing/defer.ts'
import { identityModel } from '../../testing/onnx/models.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import type { Tool } from '../tool.ts'
import { modelTool } from './model.ts'
import { timeTool } from './time.ts'
import { createToolbox } from './toolbox.ts'

// Real models, from the tool's arguments to the session and the ledger.
const file = { after }
const clock = turnedClock(Date.parse('2026-11-21T12:00:00Z'))
const { database } = await openTestDatabase<ModelTables & PredictionTables & CreditTables>(file, { max: 3 })
const bus = createInProcessBus()
defer(file, bus.close)
const files = await openFolderStore({ folder: await temporaryFolder(file) })
const loader = createLoader({
  files,
  runtime: createOnnxRuntime({ log }),
  log,
  now: () => performance.now(),
  lanes: 1,
  reportBatch() {},
})
const shelf = createShelf({ loader, clock, log, idleSeconds: 600, memoryBytes: 1e9, required: [] })
defer(file, shelf.close)
const modelStore = createModelStore(database.system)
const catalogue = createCatalogue({ store: modelStore, bus, log })
defer(file, catalogue.close)
const serving = createServing({ catalogue, shelf, database, clock, log, required: [], preloadBytes: 0 })
const journal = createJournal({
  store: createPredictionStore(database.system),
  clock,
  log,
  mode: 'full',
  perSecond: 1000,
  burst: 1000,
})
defer(file, () => journal.close(3000))
const credits = createCredits({ database, clock, log })
const predictions = createPredictions({
  counts: createPredictionCounts(),
  serving,
  cache: createPredictionCache({ cache: createMemoryCache({ maxBytes: 1e6 }), ttlSeconds: 60 }),
  journal,
  credits,
  database,
  ids: createIds(),
  clock,
  timeoutMs: 20_000,
  retentionDays: 30,
})
const codec = createTensorCodec({ log })
defer(file, codec.close)
const other = () => assert.fail('not asked for')
const toolbox = createToolbox({
  model: (caller, spec) => modelTool({ serving, predictions, codec }, caller, spec),
  time: (_caller, spec) => timeTool(clock, spec),
  query: other,
  http: other,
  mcp: other,
  files: other,
  report: other,
  agent: other,
  code: other,
  knowledge: other,
})
const [ann, bob] = [await newCaller(database.system), await newCaller(database.system)]

async function push(name: string, change: Partial<Model> = {}): Promise<Model> {
  const id = randomUUID()
  const stored = await files.put(`models/${id}`, Readable.from([identityModel('FP32', ['N', 2])]), {
    maxBytes: 1e8,
  })
  const model = await modelStore.insert({
    id,
    owner_id: ann.userId,
    name,
    version: '3',
    status: 'ready',
    file_key: `models/${id}`,
    file_hash: stored.sha256,
    file_size_bytes: stored.sizeBytes,
    input_schema: [{ name: 'x', dtype: 'FP32', shape: [null, 2] }],
    output_schema: [{ name: 'y', dtype: 'FP32', shape: [null, 2] }],
    ...change,
  })
  assert.ok(model)
  await catalogue.changed(id, model)
  return model
}

async function toolsOf(caller: Caller, ...tools: AgentConfig['tools']): Promise<readonly Tool[]> {
  return toolbox(agentConfig.parse({ model: 'm', tools }), caller)
}

function call(tool: Tool | undefined, args: unknown, key: string = randomUUID()): Promise<string> {
  assert.ok(tool)
  return tool.call(args, {
    caller: ann,
    signal: new AbortController().signal,
    timeoutMs: tool.timeoutMs,
    idempotencyKey: key,
    run: { id: randomUUID(), agentId: randomUUID(), depth: 0 },
  })
}

test('a served model is a tool whose form is made from its signature', async () => {
  const { id } = await push('price.model', { description: 'Foretells prices.' })
  const [tool] = await toolsOf(ann, { type: 'model', model: id })
  assert.equal(tool?.name, 'price_model')
  assert.equal(tool?.description, 'Foretells prices.\nGives y (FP32, any x 2).')
  assert.deepEqual(tool?.parameters, {
    type: 'object',
    properties: {
      x: {
        type: 'array',
        items: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 },
      },
    },
    required: ['x'],
    additionalProperties: false,
  })
  assert.equal(await call(tool, { x: [[1, 2.5]] }), 'price.model@3: {"y":[[1,2.5]]}')
})

test('what the model cannot read is told with what it can', async () => {
  await push('reader')
  const [tool] = await toolsOf(ann, { type: 'model', model: 'reader' })
  await assert.rejects(call(tool, { x: [1, 2] }), { code: 'invalid-tensor', message: /shape/ })
})

test('a tool has the rights of the caller, not those of the agent', async () => {
  const { id } = await push('private')
  await assert.rejects(toolsOf(bob, { type: 'model', model: id }), { code: 'model-not-found' })
})

test('a credential that may only run agents predicts through none', async () => {
  const { id } = await push('scoped')
  const runner: Caller = { ...ann, scopes: new Set(['agents']) }
  await assert.rejects(toolsOf(runner, { type: 'model', model: id }), {
    code: 'forbidden',
    message: /predict/,
  })
  assert.equal((await toolsOf(runner, { type: 'time' })).length, 1)
})

test('a large result is cut before it is written out, and says so first', async () => {
  await push('large')
  const [tool] = await toolsOf(ann, { type: 'model', model: 'large' })
  const text = await call(tool, { x: Array.from({ length: 20_000 }, () => [1, 2]) })
  assert.match(
    text,
    /^large@3: \[Cut: of y, which is 20000 x 2, the first 16384 elements, in one row\.\] \{"y":\[1,2,1,2/,
  )
  assert.ok(text.length < 40_000, String(text.length))
})

test('a model that was withdrawn in the middle of a run is not called any more', async () => {
  const model = await push('shared', { visibility: 'users' })
  const [tool] = await toolsOf(bob, { type: 'model', model: model.id })
  await catalogue.changed(model.id, await modelStore.update(model.id, { visibility: 'private' }))
  await assert.rejects(call(tool, { x: [[1, 2]] }), { code: 'model-not-found' })
})

test('a call of a model costs its price, and once however often it is repeated', async () => {
  const model = await push('paid', { price: 7 })
  const [tool] = await toolsOf(ann, { type: 'model', model: model.id })
  const before = (await credits.account(ann)).balance
  for (const _ of [1, 2]) await call(tool, { x: [[1, 2]] }, 'run:1')
  assert.equal((await credits.account(ann)).balance, before - 7)
})

test('tools have names that every provider takes, each once, and what the agent says of them', async () => {
  await push('a.b')
  const names = (
    await toolsOf(
      ann,
      { type: 'time', name: 'clock', price: 2, timeout_seconds: 5 },
      { type: 'time', name: 'clock', approval: true },
      { type: 'model', model: 'a.b', heavy: true },
    )
  ).map(({ name, needsApproval, isHeavy, price, timeoutMs }) => [
    name,
    needsApproval,
    isHeavy,
    price,
    timeoutMs,
  ])
  assert.deepEqual(names, [
    ['clock', false, false, 2, 5000],
    ['clock_2', true, false, 0, 1000],
    ['a_b', false, true, 0, 900_000],
  ])
})

test('an agent can ask what time it is, anywhere', async () => {
  const [tool] = await toolsOf(ann, { type: 'time' })
  assert.match(await call(tool, {}), /^2026-11-21T12:00:00\.000Z, which is Saturday.* in UTC$/)
  assert.match(await call(tool, { time_zone: 'Asia/Tokyo' }), /21:00:00 in Asia\/Tokyo$/)
  await assert.rejects(call(tool, { time_zone: 'Mars/Base' }), { code: 'invalid-request' })
})
