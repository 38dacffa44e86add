import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createDigests } from './digests.ts'

test('a credential is named by its SHA-256, the first time, again, after many others and after forgetting', () => {
  const digests = createDigests()
  const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
  const long = 'x'.repeat(10_000)
  const check = (credential: string) => assert.equal(digests.of(credential), sha256(credential))
  check('one')
  check('one')
  check(long)
  check(long)
  for (let number = 0; number < 2500; number++) check(`other ${number}`)
  check('one')
  digests.forget()
  check('one')
})
