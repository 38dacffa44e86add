import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../kit/clock.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import type { Counters } from './counters.ts'

/** 2026-11-21 12:34:56.500 UTC. */
const startMs = Date.UTC(2026, 10, 21, 12, 34, 56, 500)

/** What all counters promise, whether or not anyone can be asked for the counts of others. */
export function testCountersContract(name: string, open: (clock: Clock) => Promise<Counters>): void {
  test(`${name}: counts each key and each length of window by itself`, async () => {
    const counters = await open(turnedClock(startMs))
    assert.equal(counters.add('contract:a', 60).count, 1)
    assert.equal(counters.add('contract:a', 60).count, 2)
    assert.equal(counters.add('contract:a', 60, 5).count, 7)
    assert.equal(counters.add('contract:b', 60).count, 1)
    assert.equal(counters.add('contract:a', 3600).count, 1)
    assert.equal(counters.peek('contract:a', 60).count, 7)
  })

  test(`${name}: looking counts nothing, also for a key that was never seen`, async () => {
    const counters = await open(turnedClock(startMs))
    for (let time = 0; time < 3; time++)
      assert.deepEqual(counters.peek('contract:seen', 60), { count: 0, resetSeconds: 4 })
    assert.equal(counters.add('contract:seen', 60).count, 1)
    for (let time = 0; time < 3; time++) assert.equal(counters.peek('contract:seen', 60).count, 1)
  })

  test(`${name}: windows begin with the minute and the hour, and each begins with nothing`, async () => {
    const clock = turnedClock(startMs)
    const counters = await open(clock)
    assert.deepEqual(counters.add('contract:c', 60), { count: 1, resetSeconds: 4 })
    assert.deepEqual(counters.add('contract:c', 3600), { count: 1, resetSeconds: 25 * 60 + 4 })
    clock.turn(3499)
    assert.deepEqual(counters.add('contract:c', 60), { count: 2, resetSeconds: 1 })
    clock.turn(1)
    assert.deepEqual(counters.peek('contract:c', 60), { count: 0, resetSeconds: 60 })
    assert.deepEqual(counters.add('contract:c', 60), { count: 1, resetSeconds: 60 })
    assert.deepEqual(counters.peek('contract:c', 3600), { count: 1, resetSeconds: 25 * 60 })
    clock.turn(25 * 60_000)
    assert.equal(counters.peek('contract:c', 3600).count, 0)
  })
}
