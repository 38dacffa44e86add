import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { isProblem, type ProblemCode, type Tensor } from '@roundhouse/sdk/contract'
import { openFolderStore } from '../adapters/files/folder.ts'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import { silentLog } from '../kit/log.ts'
import type { ModelRuntime, ModelSession } from '../ports/model-runtime.ts'
import {
  denseModel,
  divisionModel,
  failingModel,
  mlpModel,
  randomModel,
  recurrentModel,
  slowModel,
} from '../testing/onnx/models.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { until } from '../testing/until.ts'
import type { BatchReport } from './batcher.ts'
import { createLoader, type LoadedModel, type LoadSource } from './loader.ts'

const files = await openFolderStore({ folder: await temporaryFolder({ after }) })
const runtime = createOnnxRuntime({ log: silentLog })

async function stored(bytes: Uint8Array): Promise<LoadSource> {
  const id = randomUUID()
  const key = `models/${id}`
  const { sizeBytes, sha256 } = await files.put(key, Readable.from([bytes]), { maxBytes: 1e9 })
  return {
    id,
    owner_id: null,
    name: 'tried',
    version: '1',
    file_key: key,
    file_hash: sha256,
    file_size_bytes: sizeBytes,
  }
}

/** The real runtime, counting what is open and what runs at once. */
function watched(open: (count: number) => void = () => {}) {
  const sessions: (ModelSession & { closed: boolean })[] = []
  let running = 0
  let mostRunning = 0
  const counted: ModelRuntime = {
    ...runtime,
    async openSession(path, place) {
      open(sessions.length + 1)
      const session = await runtime.openSession(path, place)
      const counting = {
        ...session,
        closed: false,
        async run(inputs: readonly Tensor[], outputs: readonly string[]) {
          running += 1
          mostRunning = Math.max(mostRunning, running)
          return session.run(inputs, outputs).finally(() => {
            running -= 1
          })
        },
        async close() {
          await session.close()
          counting.closed = true
        },
      }
      sessions.push(counting)
      return counting
    },
  }
  return { runtime: counted, sessions, mostRunning: () => mostRunning }
}

function setUp(options: { lanes?: number; runtime?: ModelRuntime } = {}) {
  const reports: BatchReport[] = []
  const loader = createLoader({
    files,
    runtime: options.runtime ?? runtime,
    log: silentLog,
    now: () => performance.now(),
    lanes: options.lanes ?? 1,
    reportBatch: (_source, batch) => reports.push(batch),
  })
  return { loader, reports }
}

async function ask(model: LoadedModel, x: Tensor): Promise<Tensor> {
  const { outputs } = await model.run({ inputs: [x], outputs: ['y'], timeoutMs: 60_000 })
  return outputs[0] ?? assert.fail('no output')
}

function input(width: number, value: number, rows = 1): Tensor {
  const data = Float32Array.from({ length: rows * width }, (_, index) => value + index / width)
  return { name: 'x', datatype: 'FP32', shape: [rows, width], data }
}

function near(actual: Tensor, expected: Tensor): void {
  assert.deepEqual(actual.shape, expected.shape)
  for (const [index, value] of [...expected.data].entries())
    assert.ok(Math.abs(Number(actual.data[index]) - Number(value)) < 1e-4, `element ${index}`)
}

const workers = () => process.getActiveResourcesInfo().filter(name => /worker|messageport/i.test(name)).length
const problem = (code: ProblemCode, message: RegExp) => (error: unknown) =>
  isProblem(error) && error.code === code && message.test(error.message)

test('loads a stored model warm and ready, with its facts, and gives what the runtime itself gives', async t => {
  const { loader, reports } = setUp()
  const source = await stored(mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 }))
  const model = await loader.load(source)
  t.after(model.close)
  assert.deepEqual(model.signature.inputs, [{ name: 'x', datatype: 'FP32', shape: [null, 3] }])
  assert.deepEqual([model.facts.format, model.facts.deterministic], ['onnx', true])
  assert.ok(model.alive() && model.loadMs > 0)
  const file = await files.local(source.file_key ?? '')
  const session = await runtime.openSession(file.path, 'inline')
  const x = input(3, 0.5, 2)
  const expected = (await session.run([x], ['y'])).outputs[0] ?? assert.fail()
  await session.close()
  await file.release()
  near(await ask(model, x), expected)
  assert.deepEqual(
    reports.map(({ rows, requests, ok }) => ({ rows, requests, ok })),
    [{ rows: 2, requests: 1, ok: true }],
  )
  assert.deepEqual([model.statistics.executionCount, model.statistics.inferenceCount], [1, 2])
})

test('a model that draws random numbers is known not to be deterministic', async t => {
  const model = await setUp().loader.load(await stored(randomModel()))
  t.after(model.close)
  assert.equal(model.facts.deterministic, false)
})

test('a model of microseconds runs on the main thread, a large one in threads of its own', async t => {
  const { runtime: counted, sessions } = watched()
  const { loader } = setUp({ runtime: counted, lanes: 2 })
  const small = await loader.load(await stored(mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 })))
  t.after(small.close)
  assert.equal(small.plan.place, 'inline')
  assert.equal(sessions.filter(session => !session.closed).length, 1)
  const large = await loader.load(await stored(denseModel()))
  t.after(large.close)
  assert.equal(large.plan.place, 'thread')
  assert.equal(sessions.filter(session => !session.closed).length, 3)
})

test('refuses a file whose bytes were changed since it was uploaded, and opens nothing', async () => {
  const { runtime: counted, sessions } = watched()
  const { loader } = setUp({ runtime: counted })
  const source = await stored(mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 }))
  const file = await files.local(source.file_key ?? '')
  const bytes = await readFile(file.path)
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  await writeFile(file.path, bytes)
  await file.release()
  await assert.rejects(
    loader.load(source),
    problem('hash-mismatch', /file of tried@1 does not have its recorded sha256.*Upload a new version/),
  )
  assert.equal(sessions.length, 0)

  const hash = createHash('sha256').update(bytes).digest('hex')
  const model = await loader.load({ ...source, file_hash: hash })
  await model.close()
})

test('refuses a file that is gone, or is not a model, with the reason', async () => {
  const { loader } = setUp()
  const source = await stored(Buffer.from('no model'))
  await assert.rejects(loader.load(source), problem('invalid-model', /./))
  await files.remove(source.file_key ?? '')
  await assert.rejects(loader.load(source), problem('not-found', /no file/))
})

test('two lanes answer side by side, each request with its own answer', async t => {
  const source = await stored(slowModel(4))
  const { runtime: counted, mostRunning } = watched()
  const one = await setUp().loader.load(source)
  const two = await setUp({ lanes: 2, runtime: counted }).loader.load(source)
  t.after(one.close)
  t.after(two.close)
  assert.equal(two.plan.place, 'thread')
  const inputs = Array.from({ length: 40 }, (_, index) => input(512, index, 1 + (index % 3)))
  const expected: Tensor[] = []
  for (const x of inputs) expected.push(await ask(one, { ...x, data: x.data }))
  const answers = await Promise.all(
    inputs.map(async (x, index) => {
      for (let turns = 0; turns < index; turns++) await turn()
      return ask(two, x)
    }),
  )
  for (const [index, answer] of answers.entries()) near(relative(answer), relative(expected[index] ?? answer))
  assert.equal(mostRunning(), 2)
})

/** By the largest element: products of random matrices have any size. */
function relative(tensor: Tensor): Tensor {
  assert.ok(tensor.data instanceof Float32Array)
  const largest = Math.max(...tensor.data.map(Math.abs))
  return { ...tensor, data: tensor.data.map(value => value / largest) }
}

test('a load that fails half way closes the sessions it had opened and leaves no thread', async () => {
  const before = workers()
  for (const failAt of [2, 3]) {
    const { runtime: failing, sessions } = watched(count => {
      if (count === failAt) throw new Error('out of memory')
    })
    const { loader } = setUp({ runtime: failing, lanes: 3 })
    await assert.rejects(loader.load(await stored(slowModel(4))), /out of memory/)
    assert.deepEqual(
      sessions.map(session => session.closed),
      Array(failAt - 1).fill(true),
    )
  }
  await until(() => workers() === before, 'every thread has ended')
})

test('close answers what was accepted, refuses the rest, and leaves no thread', async () => {
  const before = workers()
  const model = await setUp({ lanes: 2 }).loader.load(await stored(slowModel(20)))
  assert.ok(workers() > before, 'the threads are seen')
  const accepted = [ask(model, input(512, 1, 8)), ask(model, input(512, 2, 8))]
  const closed = model.close()
  await assert.rejects(ask(model, input(512, 3)), problem('model-not-loaded', /unloaded or replaced/))
  assert.deepEqual(
    (await Promise.all(accepted)).map(answer => answer.shape),
    [
      [8, 512],
      [8, 512],
    ],
  )
  await closed
  await until(() => workers() === before, 'every thread has ended')
})

test('says that it is not alive any more once a session has ended by itself', async () => {
  const { runtime: counted, sessions } = watched()
  const model = await setUp({ runtime: counted }).loader.load(await stored(slowModel(4)))
  assert.equal(model.alive(), true)
  await sessions[0]?.close()
  await assert.rejects(ask(model, input(512, 1)), problem('model-not-loaded', /./))
  assert.equal(model.alive(), false)
  await model.close()
})

test('a model that may end its process has one for each lane, and runs every request alone', async t => {
  const places: string[] = []
  const seen: ModelRuntime = {
    ...runtime,
    openSession(path, place) {
      places.push(place)
      return runtime.openSession(path, place)
    },
  }
  const model = await setUp({ runtime: seen, lanes: 2 }).loader.load(await stored(divisionModel()))
  t.after(model.close)
  assert.deepEqual(places, ['process', 'process'])
  assert.equal(model.plan.place, 'process')
  const list = (name: string, value: number): Tensor => ({
    name,
    datatype: 'INT32',
    shape: [1],
    data: Int32Array.of(value),
  })
  const answers = await Promise.all(
    [1, 2, 3, 4].map(value =>
      model.run({ inputs: [list('x', 12), list('w', value)], outputs: ['y'], timeoutMs: 60_000 }),
    ),
  )
  assert.deepEqual(
    answers.map(({ outputs, batchRows }) => [outputs[0]?.data[0], batchRows]),
    [12, 6, 4, 3].map(value => [value, 1]),
  )
})

test('a recurrent model is not given an empty batch, which would end the process', async t => {
  const model = await setUp().loader.load(await stored(recurrentModel()))
  t.after(model.close)
  const x = (rows: number): Tensor => ({
    name: 'x',
    datatype: 'FP32',
    shape: [2, rows, 1],
    data: new Float32Array(2 * rows),
  })
  assert.deepEqual((await ask(model, x(3))).shape, [2, 1, 3, 1])
  await assert.rejects(ask(model, x(0)), problem('invalid-tensor', /Input x has no elements.*\[2,0,1\]/))
  assert.equal(model.alive(), true)
})

test('a run that fails leaves the model alive and is counted as failed', async t => {
  const { loader, reports } = setUp()
  const model = await loader.load(await stored(failingModel()))
  t.after(model.close)
  const look = (index: bigint) =>
    ask(model, { name: 'index', datatype: 'INT64', shape: [1], data: BigInt64Array.of(index) })
  await assert.rejects(look(9n), problem('model-failed', /9/))
  assert.deepEqual([...(await look(2n)).data], [30])
  assert.equal(model.alive(), true)
  assert.deepEqual(
    reports.map(report => report.ok),
    [false, true],
  )
  assert.equal(model.statistics.executionCount, 1)
})

test('loads two at a time, so that ten large models never load together', async () => {
  const gate = Promise.withResolvers<void>()
  let started = 0
  const { loader } = setUp({
    runtime: {
      ...runtime,
      async inspect(path) {
        started += 1
        await gate.promise
        return runtime.inspect(path)
      },
    },
  })
  const source = await stored(mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 }))
  const loads = Array.from({ length: 4 }, () => loader.load(source, { hashKnown: true }))
  await until(() => started === 2, 'two have started')
  for (let turns = 0; turns < 100; turns++) await turn()
  assert.equal(started, 2)
  gate.resolve()
  const models = await Promise.all(loads)
  assert.equal(started, 4)
  await Promise.all(models.map(model => model.close()))
})

test('the file may be removed once the model is loaded', async () => {
  const source = await stored(mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 }))
  const model = await setUp().loader.load(source)
  await files.remove(source.file_key ?? '')
  const keys: string[] = []
  for await (const { key } of files.list(source.file_key ?? '')) keys.push(key)
  assert.deepEqual(keys, [])
  assert.equal((await ask(model, input(3, 1))).data.length, 2)
  await model.close()
})
