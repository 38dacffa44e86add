import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asPrivate } from './cache-control.ts'

test('what is not for everyone is never said to be, however the cache control was written', () => {
  const cases: [given: string, expected: string][] = [
    ['max-age=60', 'private, max-age=60'],
    ['no-cache', 'private, no-cache'],
    ['', 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['max-age=60,PUBLIC', 'private, max-age=60'],
    ['s-maxage=600, max-age=60', 'private, max-age=60'],
    ['S-MaxAge = 600', 'private'],
    ['public="x", max-age=60', 'private, max-age=60'],
    ['private, max-age=60', 'private, max-age=60'],
    ['Max-Age=60, Private', 'private, Max-Age=60'],
    // Only these fields are private: the rest may be kept.
    ['private="set-cookie", max-age=60', 'private, max-age=60'],
    ['x-private, max-age=60', 'private, x-private, max-age=60'],
    ['no-cache="a, public", max-age=60', 'private, no-cache="a, public", max-age=60'],
    ['no-cache="a\\", public", max-age=60', 'private, no-cache="a\\", public", max-age=60'],
    ['no-store', 'private, no-store'],
    ['no-store, public', 'private, no-store'],
    // Where one reader sees a quoted text, another might see directives.
    ['x="a, public', 'private, no-cache'],
    ['x="a" public', 'private, no-cache'],
  ]
  for (const [given, expected] of cases) assert.equal(asPrivate(given), expected, given)
})
