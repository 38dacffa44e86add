import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { divisionModel, frameModel, mlpModel, recurrentModel } from '../src/testing/onnx/models.ts'
import { familyOf, onLinux, until } from './processes.ts'

/** Elsewhere these operators have a result. */
const onX64 = { skip: process.arch === 'x64' ? false : 'only x64 faults at these operators' }

describe('a model that ends the process it runs in', onX64, () => {
  let house: TestHouse

  before(async () => {
    house = await testHouse({ after() {} }, { MODEL_LANES: '1' })
  })
  after(() => house?.close())

  test('fails the one request that did it, and answers again when it is loaded again', async () => {
    const division = await house.pushed('division', divisionModel())
    const other = await house.pushed('other', mlpModel({ inputs: 3, hidden: 2, outputs: 1, seed: 1 }))
    const divide = (x: number, w: number) => house.predict(division.id, { x: [x], w: [w] })
    assert.deepEqual((await divide(6, -1)).body.output_data, { y: [-6] })

    const crash = divide(-(2 ** 31), -1)
    let others = 0
    let ended = false
    const asking = (async () => {
      while (!ended) {
        assert.equal((await house.predict(other.id, { x: [[1, 2, 3]] }, { skip_cache: true })).status, 201)
        others += 1
      }
    })()
    const { status, body } = await crash
    assert.deepEqual([status, body.code], [500, 'model-failed'])
    assert.match(String(body.detail), /^The model ended its process while it ran \(SIGFPE\)\./)

    await until('the model answers again', async () => {
      const again = await divide(8, -2)
      if (again.status !== 201) {
        assert.deepEqual([again.status, again.body.code], [503, 'model-not-loaded'])
        assert.ok(Number(again.headers.get('retry-after')) >= 1)
        return false
      }
      assert.deepEqual(again.body.output_data, { y: [-4] })
      return true
    })
    ended = true
    await asking
    assert.ok(others > 0)
  })

  test('is uploaded all the same when the made-up inputs of its measurement do it', async () => {
    const frames = await house.pushed('frames', frameModel())
    const executor = (frames.metadata as { executor: { place: string; note: string } }).executor
    assert.equal(executor.place, 'process')
    assert.match(executor.note, /^Not measured: .*SIGFPE/)
    const signal = [Array.from({ length: 16 }, (_, index) => [index % 2])]
    const reply = await house.predict(frames.id, { signal, step: 4, length: 4 })
    assert.equal(reply.status, 201)
    const { y } = reply.body.output_data as { y: number[][][][] }
    assert.equal(y[0]?.length, 4)
    assert.deepEqual(y[0]?.[0]?.[0], [2, 0])
  })

  test('is never run where an empty batch would do it', async () => {
    const recurrent = await house.pushed('recurrent', recurrentModel())
    const reply = await house.fetch('/v2/models/recurrent/infer', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 0, 1], data: [] }] }),
    })
    assert.equal(reply.status, 400)
    assert.match(await reply.text(), /Input x has no elements/)
    assert.equal((await house.predict(recurrent.id, { x: [[[1]], [[2]]] })).status, 201)
  })

  test('leaves no process behind when the server ends', onLinux, async () => {
    assert.equal((await modelProcesses()).length, 2)
    await house.close()
    assert.deepEqual(await modelProcesses(), [])
  })
})

async function modelProcesses(): Promise<number[]> {
  const found: number[] = []
  for (const pid of await familyOf(process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('/adapters/onnx/process.')) found.push(pid)
  }
  return found
}
