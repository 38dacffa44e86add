import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { spanOf } from './span.ts'

const slots = { fineMs: 15_000, coarseMs: 300_000 }
const now = Date.UTC(2026, 10, 22, 12)
const ago = (hours: number) => new Date(now - hours * 3_600_000).toISOString()
const span = (from: string | undefined, points = 240) => spanOf({ from, points }, slots, now)

test('the last hour is read by default, and in fine slots', () => {
  const { from, to, pointMs, isCoarse } = span(undefined)
  assert.deepEqual([to.getTime() - from.getTime(), pointMs, isCoarse], [3_600_000, 15_000, false])
})

test('a point is never shorter than a slot, and a week is read in coarse ones', () => {
  assert.equal(span(ago(0.01), 1000).pointMs, 15_000)
  assert.deepEqual([span(ago(168)).isCoarse, span(ago(168)).pointMs % 300_000], [true, 0])
  assert.equal(span(ago(168), 100).pointMs, 21 * 300_000)
})

test('what was long ago is there in coarse slots alone', () => {
  const { isCoarse, pointMs } = spanOf({ from: ago(50), to: ago(49), points: 240 }, slots, now)
  assert.deepEqual([isCoarse, pointMs], [true, 300_000])
})

test('no time and more than a year are refused', () => {
  for (const asked of [{ from: ago(1), to: ago(2) }, { from: ago(1), to: ago(1) }, { from: ago(24 * 400) }])
    assert.throws(
      () => spanOf({ ...asked, points: 10 }, slots, now),
      (error: unknown) => isProblem(error) && error.code === 'invalid-request',
    )
})
