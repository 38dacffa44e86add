import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reading, speedInWords, takeoversInWords, whyNotRetry, withReading } from './job-words.ts'

const progress = { done: 3000, total: 6000, unit: 'rows' }

test('the speed of a job is that of its newest seconds, and begins anew when the job does', () => {
  let readings: Reading[] = []
  for (const [at, done] of [
    [0, 0],
    [30_000, 1000],
    [32_000, 3000],
  ] as const)
    readings = withReading(readings, { at, done })
  assert.equal(speedInWords(readings, progress), '1,000 rows a second, about 3 s left')
  assert.equal(speedInWords(readings, { ...progress, total: null }), '1,000 rows a second')
  readings = withReading(readings, { at: 33_000, done: 500 })
  assert.equal(speedInWords(readings, progress), undefined)
})

test('what was taken up again is said in words, and what cannot be begun anew says why', () => {
  assert.deepEqual([0, 1, 2].map(takeoversInWords), [
    undefined,
    'Taken up again after a lost process',
    'Taken up again after a lost process, 2 times',
  ])
  assert.equal(whyNotRetry({ status: 'failed' }), false)
  assert.match(String(whyNotRetry({ status: 'done' })), /^It is done/)
})
