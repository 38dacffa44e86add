import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { createPasswords } from './password.ts'

const quick = { logN: 8, r: 8, p: 1 }

test('a password fits its own hash only, however its letters were typed', async () => {
  const passwords = createPasswords()
  const hash = await passwords.hash('Grüße aus Köln')
  assert.match(hash, /^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/)
  assert.equal(await passwords.verify({ hash, password: 'Grüße aus Köln'.normalize('NFD') }), true)
  assert.equal(await passwords.verify({ hash, password: 'Grüße aus Koln' }), false)
})

test('the same password never hashes to the same text', async () => {
  const passwords = createPasswords(quick)
  assert.notEqual(await passwords.hash('password'), await passwords.hash('password'))
})

test('a hash of another cost is still understood, and what is no hash fits nothing', async () => {
  const hash = await createPasswords(quick).hash('password')
  const passwords = createPasswords({ ...quick, logN: 9 })
  assert.equal(await passwords.verify({ hash, password: 'password' }), true)
  for (const broken of ['', 'scrypt', 'password', '$2b$10$abcdefghijklmnopqrstuv', hash.slice(0, -4)])
    assert.equal(await passwords.verify({ hash: broken, password: 'password' }), false)
})

test('more sign-ins than can be answered in time are refused at once', async () => {
  const passwords = createPasswords(quick)
  const results = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.hash('password')))
  const refused = results.filter(result => result.status === 'rejected')
  assert.equal(refused.length, 28)
  for (const { reason } of refused) assert.ok(reason instanceof Problem && reason.code === 'rate-limited')
  assert.ok(await passwords.hash('password'))
})
