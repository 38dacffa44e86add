import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Datatype, datatypes, isProblem, type Tensor, type TensorData } from '@roundhouse/sdk/contract'
import type { ModelRuntime, ModelSession, SessionPlace } from './model-runtime.ts'

/** Paths of files in the format of the runtime under test. */
export type ContractModels = {
  /** `x` -> `y`, the same. */
  identity(datatype: Datatype, shape: readonly (number | string)[]): string
  /** `a` and `b` FP32 [N,2] -> `sum` and `difference` FP32 [N,2]. */
  twoByTwo: string
  /** `index` INT64 [N] -> `y` FP32 [N]: [10, 20, 30] at index; fails for an index of 3 and more. */
  failing: string
  /** `x` FP32 [N,512] -> `y` FP32 [N,512]; 64 rows take about a second. */
  slow: string
  /** A file that inspection accepts and the runtime refuses. */
  unloadable: string
}

/** What every runtime promises of its sessions, wherever they live. */
export function testModelRuntimeContract(name: string, runtime: ModelRuntime, models: ContractModels): void {
  for (const place of ['inline', 'thread', 'process'] as const) {
    describe(`${name}, ${place}`, () => testPlace(runtime, models, place))
  }
  for (const place of ['thread', 'process'] as const) {
    describe(`${name}, ${place}, beside the calling thread`, () => testBeside(runtime, models, place))
  }
}

function testPlace(runtime: ModelRuntime, models: ContractModels, place: SessionPlace) {
  const open = async (path: string) => {
    const session = await runtime.openSession(path, place)
    return { session, [Symbol.asyncDispose]: () => session.close() }
  }

  for (const datatype of datatypes) {
    test(`carries ${datatype} in and out unchanged`, async () => {
      await using opened = await open(models.identity(datatype, ['N', 2]))
      const x: Tensor = { name: 'x', datatype, shape: [2, 2], data: edgeValues[datatype]() }
      assert.deepEqual(opened.session.signature.inputs, [{ name: 'x', datatype, shape: [null, 2] }])
      const { outputs } = await opened.session.run([x], ['y'])
      assert.deepEqual(outputs, [{ ...x, name: 'y' }])
    })

    test(`carries a ${datatype} tensor without elements`, async () => {
      await using opened = await open(models.identity(datatype, ['N', 2]))
      const x: Tensor = { name: 'x', datatype, shape: [0, 2], data: edgeValues[datatype]().slice(0, 0) }
      const { outputs } = await opened.session.run([x], ['y'])
      assert.deepEqual(outputs, [{ ...x, name: 'y' }])
    })

    test(`carries a ${datatype} scalar`, async () => {
      await using opened = await open(models.identity(datatype, []))
      const x: Tensor = { name: 'x', datatype, shape: [], data: edgeValues[datatype]().slice(1, 2) }
      assert.deepEqual(opened.session.signature.outputs, [{ name: 'y', datatype, shape: [] }])
      const { outputs } = await opened.session.run([x], ['y'])
      assert.deepEqual(outputs, [{ ...x, name: 'y' }])
    })
  }

  test('takes another size of a free dimension with every run', async () => {
    await using opened = await open(models.identity('FP32', ['N', 'M']))
    for (const [rows, columns] of [
      [1, 3],
      [5, 2],
      [3, 1],
    ] as const) {
      const x = ramp('x', rows * columns, [rows, columns])
      const { outputs } = await opened.session.run([x], ['y'])
      assert.deepEqual(outputs, [{ ...x, name: 'y' }])
    }
  })

  test('gives the outputs that were asked for, in the order they were asked for', async () => {
    await using opened = await open(models.twoByTwo)
    const inputs = [ramp('b', 2, [1, 2]), { ...ramp('a', 2, [1, 2]), data: new Float32Array([10, 20]) }]
    const both = await opened.session.run(inputs, ['difference', 'sum'])
    assert.deepEqual(
      both.outputs.map(({ name, data }) => [name, [...data]]),
      [
        ['difference', [10, 19]],
        ['sum', [10, 21]],
      ],
    )
    const one = await opened.session.run(inputs, ['sum'])
    assert.deepEqual(
      one.outputs.map(({ name }) => name),
      ['sum'],
    )
  })

  test('answers runs that were sent together in their order, also when one of them fails', async () => {
    await using opened = await open(models.failing)
    const indexes = [0, 9, 1, 2, 7, 0]
    const runs = await Promise.allSettled(indexes.map(index => opened.session.run([lookup(index)], ['y'])))
    const found = runs.map(run =>
      run.status === 'fulfilled' ? run.value.outputs[0]?.data[0] : code(run.reason),
    )
    assert.deepEqual(found, [10, 'model-failed', 20, 30, 'model-failed', 10])
  })

  test('reads the inputs at the call: a change after it does not reach the run', async () => {
    await using opened = await open(models.identity('FP32', ['N']))
    const data = new Float32Array([1, 2, 3])
    const running = opened.session.run([{ name: 'x', datatype: 'FP32', shape: [3], data }], ['y'])
    data.fill(9)
    const { outputs } = await running
    assert.deepEqual(outputs[0]?.data, new Float32Array([1, 2, 3]))
    assert.equal(data.length, 3, 'the buffer still belongs to the caller')
  })

  test('takes a view into the middle of a larger buffer', async () => {
    await using opened = await open(models.identity('INT16', ['N']))
    const data = new Int16Array([1, 2, 3, 4, 5]).subarray(1, 4)
    const { outputs } = await opened.session.run([{ name: 'x', datatype: 'INT16', shape: [3], data }], ['y'])
    assert.deepEqual(outputs[0]?.data, new Int16Array([2, 3, 4]))
  })

  test('says why the model failed, without paths of the machine', async () => {
    await using opened = await open(models.failing)
    await assert.rejects(opened.session.run([lookup(9)], ['y']), error => {
      assert.ok(isProblem(error))
      assert.equal(error.code, 'model-failed')
      assert.match(error.message, /9/)
      assert.doesNotMatch(error.message, /\/(tmp|home|onnxruntime_src)\/|\.(cc|h):/)
      return true
    })
  })

  test('says why a file cannot be loaded, without its path', async () => {
    await assert.rejects(runtime.openSession(models.unloadable, place), error => {
      assert.ok(isProblem(error))
      assert.equal(error.code, 'invalid-model')
      assert.ok(!error.message.includes(models.unloadable), error.message)
      return true
    })
  })

  test('closes after the run in progress, which still gets its answer', async () => {
    const session = await runtime.openSession(models.slow, place)
    const running = session.run([ramp('x', 64 * 512, [64, 512])], ['y'])
    const order: string[] = []
    await Promise.all([
      running.then(() => order.push('run')),
      session.close().then(() => order.push('close')),
    ])
    assert.deepEqual(order, ['run', 'close'])
  })

  test('refuses runs once it is closed, and may be closed twice', async () => {
    const session = await runtime.openSession(models.twoByTwo, place)
    assert.equal(session.alive(), true)
    await session.close()
    await session.close()
    assert.equal(session.alive(), false)
    const inputs = [ramp('a', 2, [1, 2]), ramp('b', 2, [1, 2])]
    await assert.rejects(session.run(inputs, ['sum']), error => code(error) === 'model-not-loaded')
  })

  test('tells how long loading and computing took', async () => {
    await using opened = await open(models.twoByTwo)
    const inputs = [ramp('a', 2, [1, 2]), ramp('b', 2, [1, 2])]
    const before = performance.now()
    const { computeMs } = await opened.session.run(inputs, ['sum'])
    assert.ok(computeMs > 0 && computeMs <= performance.now() - before, `${computeMs}`)
    assert.ok(opened.session.loadMs > 0)
  })
}

function testBeside(runtime: ModelRuntime, models: ContractModels, place: SessionPlace) {
  test('leaves the event loop free while it loads and runs', async () => {
    const opening = runtime.openSession(models.slow, place)
    // One turn of the loop per immediate, a million in a second: with the work on this thread there would be a handful.
    assert.ok((await turnsUntil(opening)) > 1000)
    const session = await opening
    const running = session.run([ramp('x', 64 * 512, [64, 512])], ['y'])
    assert.ok((await turnsUntil(running)) > 1000)
    await session.close()
  })

  test('runs sessions side by side, each with its own model', async () => {
    const sessions: ModelSession[] = await Promise.all([
      runtime.openSession(models.twoByTwo, place),
      runtime.openSession(models.failing, place),
    ])
    const inputs = [[ramp('a', 2, [1, 2]), ramp('b', 2, [1, 2])], [lookup(2)]]
    const outputs = ['sum', 'y']
    const results = await Promise.all(
      sessions.map((session, index) => session.run(inputs[index] ?? [], outputs.slice(index, index + 1))),
    )
    assert.deepEqual(
      results.map(result => result.outputs[0]?.data),
      [new Float32Array([0, 2]), new Float32Array([30])],
    )
    await Promise.all(sessions.map(session => session.close()))
  })
}

async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let settled = false
  const mark = () => {
    settled = true
  }
  promise.then(mark, mark)
  let turns = 0
  while (!settled) {
    await new Promise(resolve => setImmediate(resolve))
    turns++
  }
  return turns
}

function ramp(name: string, count: number, shape: readonly number[]): Tensor {
  return { name, datatype: 'FP32', shape, data: Float32Array.from({ length: count }, (_, index) => index) }
}

function lookup(index: number): Tensor {
  return { name: 'index', datatype: 'INT64', shape: [1], data: new BigInt64Array([BigInt(index)]) }
}

function code(error: unknown): string | undefined {
  return isProblem(error) ? error.code : undefined
}

/** Four values of each datatype, with the ends of its range. */
const edgeValues: { readonly [datatype in Datatype]: () => TensorData } = {
  BOOL: () => new Uint8Array([1, 0, 0, 1]),
  UINT8: () => new Uint8Array([0, 1, 254, 255]),
  UINT16: () => new Uint16Array([0, 1, 65_534, 65_535]),
  UINT32: () => new Uint32Array([0, 1, 2, 4_294_967_295]),
  UINT64: () => new BigUint64Array([0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]),
  INT8: () => new Int8Array([-128, -1, 0, 127]),
  INT16: () => new Int16Array([-32_768, -1, 0, 32_767]),
  INT32: () => new Int32Array([-2_147_483_648, -1, 0, 2_147_483_647]),
  INT64: () => new BigInt64Array([-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n]),
  // 1, the smallest subnormal, minus infinity, a NaN with a payload.
  FP16: () => new Uint16Array([0x3c00, 0x0001, 0xfc00, 0x7e01]),
  FP32: () => new Float32Array([-0, 1.5, Number.NEGATIVE_INFINITY, Number.NaN]),
  FP64: () => new Float64Array([-0, Number.MIN_VALUE, Number.MAX_VALUE, Number.NaN]),
  BYTES: () => ['', 'wörd', '火車', 'line\nline'],
}
