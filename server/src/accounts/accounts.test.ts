import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccounts } from './accounts.ts'

const key = 'a-service-role-key-of-more-than-32-characters'

test('the service key, and nothing like it, is the service', () => {
  const { identify } = createAccounts({ serviceRoleKey: key })
  assert.deepEqual(identify(key), { kind: 'service', userId: null })
  const others = [
    '',
    ' ',
    key.slice(0, -1),
    `${key}x`,
    ` ${key}`,
    key.toUpperCase(),
    `${key}\0`,
    'ä'.repeat(45),
  ]
  for (const other of others) assert.equal(identify(other), undefined, JSON.stringify(other))
})
