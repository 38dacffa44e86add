import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lonely, timeLabels } from './chart-axis.ts'

test('an axis says times of the day, and the date where a day begins', () => {
  const midnight = new Date(2026, 10, 22).getTime() / 1000
  const labels = timeLabels([midnight - 7200, midnight, midnight + 7200], 7200)
  assert.deepEqual(
    labels.map(label => label.replace(/\s?[AP]M/, '')),
    ['22:00', 'Nov 22', '02:00'],
  )
})

test('an axis of days says days, one of seconds says seconds', () => {
  const noon = new Date(2026, 10, 22, 12).getTime() / 1000
  assert.deepEqual(timeLabels([noon, noon + 86_400], 86_400), ['Nov 22', 'Nov 23'])
  assert.match(timeLabels([noon], 15)[0] ?? '', /12:00:00/)
})

test('a value without neighbours is drawn as a point', () => {
  assert.deepEqual(lonely([1, null, 2, 3, null, null, 4]), [0, 6])
  assert.deepEqual(lonely([]), [])
})
