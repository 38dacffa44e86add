import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextAddress } from './next-address.ts'

test('after sign-in one goes back to where one was, never to another site', () => {
  const origin = 'http://localhost:3000'
  assert.equal(nextAddress('/models?q=a%20b#c', origin), '/models?q=a%20b#c')
  for (const foreign of [
    undefined,
    '',
    'models',
    'https://evil.test/',
    '//evil.test/x',
    '/\\evil.test',
    'javascript:alert(1)',
  ])
    assert.equal(nextAddress(foreign, origin), '/', String(foreign))
})
