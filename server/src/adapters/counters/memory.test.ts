import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCountersContract } from '../../ports/counters.contract.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { createMemoryCounters } from './memory.ts'

testCountersContract('memory counters', async clock => createMemoryCounters({ clock }))

test('memory counters hold no more keys than they may, and forget the one that came first', () => {
  const counters = createMemoryCounters({ clock: turnedClock(), maxKeys: 3 })
  for (const key of ['a', 'b', 'c', 'a', 'd']) counters.add(key, 60)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map(key => counters.peek(key, 60).count),
    [0, 1, 1, 1],
  )
  counters.add('b', 60)
  assert.equal(counters.peek('b', 60).count, 2)
  assert.equal(counters.peek('c', 60).count, 1)
})
