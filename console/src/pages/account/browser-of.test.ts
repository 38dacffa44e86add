import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browserOf } from './browser-of.ts'

test('a place where one is signed in is known by browser and system', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36'
  assert.deepEqual(
    [
      browserOf(chrome),
      browserOf(`${chrome.replace('X11; Linux x86_64', 'Windows NT 10.0')} Edg/141.0`),
      browserOf('Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19 Mobile Safari/604.1'),
      browserOf('curl/8.5.0'),
      browserOf(null),
    ],
    ['Chrome on Linux', 'Edge on Windows', 'Safari on iOS', 'curl', 'Unknown program'],
  )
})
