import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isProblem, type ProblemCode, type Tensor } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { childrenOf, isAlive, onLinux } from '../../testing/children.ts'
import { divisionModel, frameModel, slowModel, twoByTwoModel } from '../../testing/onnx/models.ts'
import { writeModel } from '../../testing/onnx/writer.ts'
import { until } from '../../testing/until.ts'
import { createOnnxRuntime } from './runtime.ts'

const folder = mkdtempSync(join(tmpdir(), 'onnx-process-'))
after(() => rmSync(folder, { recursive: true }))

const lines: { event: string; fields: unknown }[] = []
const log = { ...silentLog, error: (event: string, fields?: unknown) => void lines.push({ event, fields }) }
const runtime = createOnnxRuntime({ log })
let files = 0
const write = (bytes: Uint8Array) => writeModel(join(folder, `${files++}.onnx`), bytes)

const list = (name: string, value: number): Tensor => ({
  name,
  datatype: 'INT32',
  shape: [1],
  data: Int32Array.of(value),
})
const divide = (session: ModelSession, x: number, w: number) =>
  session.run([list('x', x), list('w', w)], ['y']).then(({ outputs }) => outputs[0]?.data[0])
const problem = (code: ProblemCode, message: RegExp) => (error: unknown) =>
  isProblem(error) && error.code === code && message.test(error.message)

/** Elsewhere the division has a result. */
const onX64 = { skip: process.arch === 'x64' ? false : 'only x64 faults at the division' }

test('a division that faults ends only its own process, and the caller is told', onX64, async () => {
  const path = write(divisionModel())
  const [one, other] = await Promise.all([
    runtime.openSession(path, 'process'),
    runtime.openSession(path, 'process'),
  ])
  assert.equal(await divide(one, 42, -1), -42)
  const crash = divide(one, -(2 ** 31), -1)
  const behind = divide(one, 1, 1)
  const beside = divide(other, 10, 5)
  await assert.rejects(crash, problem('model-failed', /ended its process while it ran \(SIGFPE\)/))
  await assert.rejects(behind, problem('model-not-loaded', /is being loaded again/))
  await assert.rejects(divide(one, 1, 1), problem('model-not-loaded', /is being loaded again/))
  assert.equal(await beside, 2)
  assert.deepEqual([one.alive(), other.alive()], [false, true])
  const [line] = lines.splice(0)
  assert.equal(line?.event, 'model-process-end')
  assert.deepEqual(line?.fields, { exit_code: null, signal: 'SIGFPE', stderr: '' })
  await Promise.all([one.close(), other.close()])
})

test('a Fourier transform of frames of no length ends only its own process', onX64, async () => {
  const session = await runtime.openSession(write(frameModel()), 'process')
  const scalar = (name: string, value: bigint): Tensor => ({
    name,
    datatype: 'INT64',
    shape: [],
    data: BigInt64Array.of(value),
  })
  const signal: Tensor = { name: 'signal', datatype: 'FP32', shape: [1, 16, 1], data: new Float32Array(16) }
  const inputs = [signal, scalar('step', 1n), scalar('length', 0n)]
  await assert.rejects(session.run(inputs, ['y']), problem('model-failed', /SIGFPE/))
  await session.close()
})

test(
  'a process that is killed fails the run in progress and later ones; close does not hang',
  onLinux,
  async () => {
    const before = childrenOf(process.pid)
    const session = await runtime.openSession(write(slowModel(600)), 'process')
    const [child = assert.fail('no child')] = childrenOf(process.pid).filter(pid => !before.includes(pid))
    const x: Tensor = { name: 'x', datatype: 'FP32', shape: [64, 512], data: new Float32Array(64 * 512) }
    const running = session.run([x], ['y'])
    process.kill(child, 'SIGKILL')
    await assert.rejects(running, problem('model-failed', /SIGKILL/))
    await assert.rejects(session.run([x], ['y']), problem('model-not-loaded', /./))
    await session.close()
    assert.equal(isAlive(child), false)
  },
)

test(
  'its process knows no key and no password, and outlives what a terminal sends to all',
  onLinux,
  async () => {
    const before = childrenOf(process.pid)
    process.env.SERVICE_ROLE_KEY = 'a-secret-of-the-server'
    const session = await runtime.openSession(write(twoByTwoModel()), 'process')
    delete process.env.SERVICE_ROLE_KEY
    const [child = assert.fail('no child')] = childrenOf(process.pid).filter(pid => !before.includes(pid))
    const names = readFileSync(`/proc/${child}/environ`, 'utf8')
      .split('\0')
      .filter(entry => entry !== '')
      .map(entry => entry.split('=')[0])
    assert.deepEqual(names.sort(), ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'])
    process.kill(child, 'SIGINT')
    process.kill(child, 'SIGTERM')
    const inputs = ['a', 'b'].map(
      (name): Tensor => ({ name, datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }),
    )
    assert.deepEqual((await session.run(inputs, ['sum'])).outputs[0]?.data, Float32Array.of(2, 4))
    await session.close()
    assert.equal(isAlive(child), false)
  },
)

for (const [how, layers, end] of [
  ['killed', 4, "process.kill(process.pid, 'SIGKILL')"],
  ['ended in the middle of a run of 10 s', 6000, 'running = session.run([x], ["y"]); process.exit(0)'],
] as const) {
  test(`a server that is ${how} leaves no process behind`, onLinux, async () => {
    const script = `
      const { createOnnxRuntime } = await import(${JSON.stringify(new URL('./runtime.ts', import.meta.url).href)})
      const runtime = createOnnxRuntime({ log: { debug() {}, info() {}, warn() {}, error() {} } })
      const session = await runtime.openSession(process.argv[2], 'process')
      const x = { name: 'x', datatype: 'FP32', shape: [64, 512], data: new Float32Array(64 * 512) }
      let running
      process.on('message', () => { ${end} })
      process.send('ready')`
    const path = write(slowModel(layers))
    const file = join(folder, 'server.mjs')
    writeModel(file, Buffer.from(script))
    const server = spawn(process.execPath, ['--conditions=roundhouse-source', file, path], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(server, 'message')
    const children = childrenOf(server.pid ?? 0)
    assert.equal(children.length, 1)
    server.send('end')
    await once(server, 'exit')
    await until(() => !children.some(isAlive), 'the process of the model has ended', 3000)
  })
}
