import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latest, rate, share, summary } from './measured.ts'

test('a point that was measured for a part of its time has the rate of that part', () => {
  assert.deepEqual(rate([30, 15, null, 0], [15, 5, 0, 15]), [2, 3, null, 0])
  assert.deepEqual(rate([30], [15], 60), [120])
})

test('a share of nothing is not known, and is not zero', () => {
  assert.deepEqual(share([1, 0, null, 0], [4, 0, 3, 2]), [0.25, null, null, 0])
  assert.deepEqual(share([1], [1], [3]), [0.25])
})

test('a chart is told in one line', () => {
  const perSecond = (value: number) => `${value}/s`
  assert.equal(summary([1, null, 5, 3, null], perSecond), '3/s at the end, 3/s on average, 5/s at most.')
  assert.equal(summary([null, null], perSecond), 'Nothing was measured in this time.')
  assert.equal(latest([]), null)
})
