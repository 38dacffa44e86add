import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTurnstile } from './turnstile.ts'

/** Work that ends when told to. */
function setUp(width: number) {
  const turnstile = createTurnstile(width)
  const started: number[] = []
  const gates: PromiseWithResolvers<number>[] = []
  const enter = (index: number) => {
    const gate = Promise.withResolvers<number>()
    gates[index] = gate
    return turnstile(() => {
      started.push(index)
      return gate.promise
    })
  }
  return { turnstile, started, gates, enter }
}

test('lets as many run as it is wide; the others wait in order, and each gets its own result', async () => {
  const { started, gates, enter } = setUp(2)
  const results = [0, 1, 2, 3].map(enter)
  await turn()
  assert.deepEqual(started, [0, 1])
  gates[1]?.resolve(10)
  await turn()
  assert.deepEqual(started, [0, 1, 2])
  gates[2]?.resolve(20)
  await turn()
  assert.deepEqual(started, [0, 1, 2, 3])
  gates[0]?.resolve(0)
  gates[3]?.resolve(30)
  assert.deepEqual(await Promise.all(results), [0, 10, 20, 30])
})

test('work that fails, at once or later, makes room like any other', async () => {
  const { turnstile, started, gates, enter } = setUp(1)
  const bad = turnstile(() => {
    throw new Error('at once')
  })
  const failing = enter(0)
  const next = enter(1)
  await assert.rejects(bad, /at once/)
  await turn()
  gates[0]?.reject(new Error('later'))
  await assert.rejects(failing, /later/)
  gates[1]?.resolve(1)
  assert.equal(await next, 1)
  assert.deepEqual(started, [0, 1])
})

test('who comes after the last has left need not wait', async () => {
  const { started, gates, enter } = setUp(1)
  for (const index of [0, 1]) {
    const result = enter(index)
    await turn()
    assert.equal(started.at(-1), index)
    gates[index]?.resolve(index)
    assert.equal(await result, index)
  }
})
