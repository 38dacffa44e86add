import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAllowance } from './allowance.ts'

test('a burst is let through whole, then so many a second, and rest fills it up again', () => {
  let time = 0
  const allowance = createAllowance({ perSecond: 10, burst: 3, elapsed: () => time })
  const taken = (times: number) =>
    Array.from({ length: times }, () => allowance.take()).filter(Boolean).length
  assert.equal(taken(5), 3)
  time = 200
  assert.equal(taken(5), 2)
  time = 60_000
  assert.equal(taken(5), 3)
})
