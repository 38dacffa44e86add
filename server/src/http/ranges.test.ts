import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from './ranges.ts'

test('a range is one stretch of the bytes that are there, or it is not understood', () => {
  const ranges: [header: string | undefined, expected: unknown][] = [
    [undefined, 'all'],
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=9-', { start: 9, end: 9 }],
    ['bytes=-1', { start: 9, end: 9 }],
    ['bytes=0-10', { start: 0, end: 9 }],
    ['bytes=10-', 'none'],
    ['bytes=10-20', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=-', 'all'],
    ['bytes=', 'all'],
    ['bytes=1-0', 'all'],
    ['bytes=0x1-2', 'all'],
    ['bytes=1-2,4-5', 'all'],
    [`bytes=${'9'.repeat(15)}-`, 'none'],
    [`bytes=0-${'9'.repeat(16)}`, 'all'],
    ['BYTES=0-1', 'all'],
  ]
  for (const [header, expected] of ranges) assert.deepEqual(rangeOf(header, 10), expected, String(header))
  for (const header of ['bytes=0-', 'bytes=-1']) assert.equal(rangeOf(header, 0), 'none')
})
