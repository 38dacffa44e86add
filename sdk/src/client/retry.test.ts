import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, retryAfterSeconds } from './retry.ts'

const nowMs = Date.UTC(2026, 10, 21, 12, 0, 0)

test('reads Retry-After as seconds and as an HTTP date', () => {
  assert.equal(retryAfterSeconds('120', nowMs), 120)
  assert.equal(retryAfterSeconds(' 0 ', nowMs), 0)
  assert.equal(retryAfterSeconds('Sat, 21 Nov 2026 12:00:30 GMT', nowMs), 30)
  assert.equal(retryAfterSeconds('Sat, 21 Nov 2026 11:00:00 GMT', nowMs), 0)
})

test('ignores a Retry-After that is neither', () => {
  for (const header of [null, '', '-1', '1.5', 'soon'])
    assert.equal(retryAfterSeconds(header, nowMs), undefined)
})

test('backs off over a range that doubles from 200 ms and ends at 8 s', () => {
  const longest = [0, 1, 2, 3, 10].map(retry => backoffMs(retry, () => 1))
  assert.deepEqual(longest, [200, 400, 800, 1600, 8000])
  assert.equal(
    backoffMs(5, () => 0),
    0,
  )
})
