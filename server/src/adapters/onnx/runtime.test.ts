import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { type Datatype, isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import { testModelRuntimeContract } from '../../ports/model-runtime.contract.ts'
import {
  failingModel,
  identityModel,
  largeModel,
  loopModel,
  slowModel,
  stringModel,
  twoByTwoModel,
} from '../../testing/onnx/models.ts'
import { graph, model, node, value, writeModel } from '../../testing/onnx/writer.ts'
import { createOnnxRuntime } from './runtime.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-runtime-'))
after(() => rmSync(folder, { recursive: true }))

const runtime = createOnnxRuntime({ log: silentLog })
let files = 0
const write = (bytes: Uint8Array) => writeModel(join(folder, `${files++}.onnx`), bytes)
const float = (name: string, data: readonly number[], shape: readonly number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: new Float32Array(data),
})

testModelRuntimeContract('onnx', runtime, {
  identity: (datatype: Datatype, shape) => write(identityModel(datatype, shape)),
  twoByTwo: write(twoByTwoModel()),
  failing: write(failingModel()),
  slow: write(slowModel(600)),
  unloadable: write(unknownOperatorModel()),
})

test('loads nothing native before it is told to prepare or opens a session', () => {
  const script = `
    const { createOnnxRuntime } = await import(${JSON.stringify(new URL('./runtime.ts', import.meta.url).href)})
    const loaded = () => process.report.getReport().sharedObjects.some(file => file.includes('onnxruntime'))
    process.report.excludeNetwork = true
    const runtime = createOnnxRuntime({ log: { debug() {}, info() {}, warn() {}, error() {} } })
    await runtime.inspect(process.argv[1])
    const before = loaded()
    await runtime.prepare()
    console.log(before, loaded())`
  const options = [
    '--conditions=roundhouse-source',
    '--input-type=module',
    '--eval',
    script,
    write(twoByTwoModel()),
  ]
  assert.equal(execFileSync(process.execPath, options, { encoding: 'utf8' }).trim(), 'false true')
})

test('runs a loop as often as its input says', async () => {
  const session = await runtime.openSession(write(loopModel()), 'inline')
  const times: Tensor = { name: 'times', datatype: 'INT64', shape: [], data: new BigInt64Array([5n]) }
  const { outputs } = await session.run([times, float('x', [1, 2], [2])], ['y'])
  assert.deepEqual(outputs[0]?.data, new Float32Array([6, 7]))
  await session.close()
})

test('looks up words, and refuses one with a zero character instead of cutting it there', async () => {
  const session = await runtime.openSession(write(stringModel()), 'thread')
  const words = (data: string[]): Tensor => ({ name: 'word', datatype: 'BYTES', shape: [data.length], data })
  const { outputs } = await session.run([words(['two', 'three', 'one'])], ['number'])
  assert.deepEqual(outputs[0]?.data, new BigInt64Array([2n, 0n, 1n]))
  await assert.rejects(session.run([words(['one', 'one\0two'])], ['number']), error => {
    return (
      isProblem(error) && error.code === 'invalid-tensor' && error.message.includes('Element 1 of input word')
    )
  })
  await session.close()
})

test('gives its memory back when a session is closed', async () => {
  const path = write(largeModel(64 * 1024 * 1024))
  const cycle = async () => {
    const session = await runtime.openSession(path, 'thread')
    await session.run([float('x', Array(1024).fill(0.1), [1, 1024])], ['y'])
    await session.close()
    return process.memoryUsage.rss()
  }
  await cycle()
  const second = await cycle()
  for (let count = 0; count < 3; count++) await cycle()
  const sixth = await cycle()
  // Four more loads of 64 MiB each; a leak of one of them would show.
  assert.ok(sixth - second < 64 * 1024 * 1024, `${second} -> ${sixth}`)
})

test('fails the run in progress and all later ones when the thread of the model dies', async () => {
  const created = new Promise<Worker>(resolve => process.once('worker', resolve))
  const session = await runtime.openSession(write(twoByTwoModel()), 'thread')
  const worker = await created
  const inputs = [float('a', [1, 2], [1, 2]), float('b', [3, 4], [1, 2])]
  // No message of ours: reading its kind throws in the thread, before the run that comes behind it.
  worker.postMessage(null)
  const running = session.run(inputs, ['sum'])
  await assert.rejects(running, error => isProblem(error) && error.code === 'model-failed')
  await assert.rejects(
    session.run(inputs, ['sum']),
    error => isProblem(error) && error.code === 'model-not-loaded',
  )
  await session.close()
})

/** Reads well and fails to load: nothing implements its operator. */
function unknownOperatorModel(): Uint8Array {
  return model(
    graph({
      nodes: [node('NoSuchOperator', ['x'], ['y'])],
      inputs: [value('x', 'FP32', ['N'])],
      outputs: [value('y', 'FP32', ['N'])],
    }),
  )
}
