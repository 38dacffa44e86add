import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from './backoff.ts'

test('waits twice as long after each try, up to the limit', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map(attempt => backoffMs(attempt, 1000, 60_000)),
    [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000],
  )
})

test('stays a usable number after any count of tries, and below the first', () => {
  assert.equal(backoffMs(100_000, 250, 10_000), 10_000)
  assert.equal(backoffMs(0, 250, 10_000), 250)
  assert.equal(backoffMs(1, 250, 100), 100)
})
