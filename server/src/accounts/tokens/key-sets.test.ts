import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import { keptLog } from '../../testing/kept-log.ts'
import { claimsOf, fakeIssuer, forge, hmac, issuerOf, testKey, verifying } from '../../testing/tokens.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import { createKeySet, type FetchJson } from './key-sets.ts'

const now = Date.UTC(2026, 5, 1)

test('a thousand invented key ids cost one fetch per 30 seconds, and do not keep users out', async t => {
  const fake = await fakeIssuer(t)
  const clock = turnedClock(now)
  const { reason } = verifying(issuerOf(fake), clock)
  const user = () => fake.token({ iat: now / 1000, exp: now / 1000 + 3600 })
  const invented = () =>
    forge({ alg: 'ES256', kid: randomBytes(16).toString('hex') }, claimsOf(fake.issuer, now), hmac(''))
  const perTick = 100
  for (let tick = 0; tick < 10; tick += 1) {
    const verdicts = await Promise.all(Array.from({ length: perTick }, () => reason(invented())))
    assert.deepEqual(new Set(verdicts), new Set(['unknown-kid']))
    assert.equal(await reason(user()), 'accepted')
    const seconds = tick * 10
    assert.equal(fake.requests.length, 1 + Math.floor(seconds / 30), `after ${seconds} s`)
    clock.turn(10_000)
  }
})

test('a key that the issuer has begun to use is known with the next allowed fetch', async t => {
  const fake = await fakeIssuer(t)
  const clock = turnedClock(now)
  const { reason, verifier } = verifying(issuerOf(fake), clock)
  const times = { iat: now / 1000, exp: now / 1000 + 3600 }
  assert.equal(await reason(fake.token(times)), 'accepted')
  const before = verifier.fingerprint()
  const old = fake.token(times)

  fake.key = testKey('RS256')
  fake.answer.body = { keys: [fake.key.jwk] }
  assert.equal(await reason(fake.token(times)), 'unknown-kid', 'fetched a moment ago')
  assert.equal(verifier.fingerprint(), before)
  clock.turn(30_000)
  assert.equal(await reason(fake.token(times)), 'accepted')
  assert.equal(await reason(old), 'unknown-kid', 'withdrawn')
  assert.notEqual(verifier.fingerprint(), before)
})

test('a withdrawn key is noticed after ten minutes although every token is remembered', async t => {
  const fake = await fakeIssuer(t)
  const clock = turnedClock(now)
  const { verifier } = verifying(issuerOf(fake), clock)
  await verifier.verify(fake.token({ iat: now / 1000, exp: now / 1000 + 3600 }))
  const before = verifier.fingerprint()
  fake.answer.body = { keys: [] }
  clock.turn(600_000)
  verifier.fingerprint()
  assert.equal(fake.requests.length, 1)
  clock.turn(1)
  await until(() => verifier.fingerprint() !== before, 'the fingerprint changes')
  assert.equal(fake.requests.length, 2)
})

test('the last good keys stay while the issuer cannot be reached or talks nonsense', async t => {
  const fake = await fakeIssuer(t)
  const clock = turnedClock(now)
  const { reason, verifier, lines } = verifying(issuerOf(fake), clock)
  const user = () => fake.token({ iat: now / 1000, exp: now / 1000 + 360_000 })
  assert.equal(await reason(user()), 'accepted')
  const before = verifier.fingerprint()
  const answers = [
    { status: 500, body: { keys: [] } },
    { status: 302, body: { keys: [] } },
    { status: 200, body: '<html>' },
    { status: 200, body: '[]' },
    { status: 200, body: '{"keys":{}}' },
    { status: 200, body: `{"keys":[],"filler":"${'x'.repeat(1024 * 1024)}"}` },
  ]
  for (const [index, answer] of answers.entries()) {
    fake.answer = answer
    clock.turn(700_000)
    assert.equal(await reason(user()), 'accepted')
    const failures = () => lines.filter(({ event }) => event === 'token-keys-fail').length
    await until(() => failures() === index + 1, `the failed fetch ${index} is logged`)
    assert.equal(fake.requests.length, index + 2)
    assert.equal(await reason(user()), 'accepted')
    assert.equal(verifier.fingerprint(), before)
  }
})

test('without any keys yet the answer is 503 with Retry-After, and users come in when the issuer is back', async t => {
  const fake = await fakeIssuer(t)
  const clock = turnedClock(now)
  const { verifier, reason } = verifying(issuerOf(fake), clock)
  const good = fake.answer
  const user = () => fake.token({ iat: now / 1000, exp: now / 1000 + 3600 })
  const unavailable = (seconds: number) => (error: unknown) => {
    assert.ok(isProblem(error))
    assert.deepEqual(
      [error.code, error.status, error.retryable, error.retryAfterSeconds],
      ['token-keys-unavailable', 503, true, seconds],
    )
    return true
  }
  fake.answer = { status: 503, body: {} }
  await assert.rejects(verifier.verify(user()), unavailable(30))
  clock.turn(10_000)
  fake.answer = good
  await assert.rejects(verifier.verify(user()), unavailable(20))
  assert.equal(fake.requests.length, 1)
  clock.turn(20_000)
  assert.equal(await reason(user()), 'accepted')
})

test('callers who need the keys at once share one fetch', async () => {
  const { jwk } = testKey()
  const answers: (() => void)[] = []
  const set = keySetOf(
    () => new Promise(resolve => answers.push(() => resolve({ keys: [jwk] }))),
    turnedClock(now),
  )
  const found = Promise.all(Array.from({ length: 50 }, (_, index) => set.find(index % 2 ? jwk.kid : 'other')))
  assert.equal(answers.length, 1)
  for (const answer of answers) answer()
  const kids = (await found).map(key => key?.kid)
  assert.deepEqual(new Set(kids), new Set([jwk.kid, undefined]))
  assert.equal(answers.length, 1)
})

test('an issuer that does not answer is given up after five seconds', async () => {
  const clock = turnedClock(now)
  const silent: FetchJson = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const { log, lines } = keptLog()
  const set = createKeySet({ issuer: 'https://a', url: 'https://a/jwks' }, { fetchJson: silent, clock, log })
  const found = set.find('any')
  clock.turn(5_000)
  await assert.rejects(found, error => isProblem(error) && error.retryAfterSeconds === 25)
  assert.match(String(lines[0]?.err), /did not answer within 5000 ms/)
})

test('the fingerprint is that of the keys, not of their order or of what else is said of them', async () => {
  const [a, b] = [testKey('ES256'), testKey('EdDSA')]
  const fingerprintOf = async (keys: unknown[]) => {
    const set = keySetOf(async () => ({ keys }), turnedClock(now))
    await set.find('any')
    return set.fingerprint()
  }
  const both = await fingerprintOf([a.jwk, b.jwk])
  assert.equal(await fingerprintOf([{ ...b.jwk, x5c: [] }, a.jwk]), both)
  assert.notEqual(await fingerprintOf([a.jwk]), both)
  assert.notEqual(await fingerprintOf([a.jwk, { ...b.jwk, kid: 'other' }]), both)
  assert.notEqual(await fingerprintOf([a.jwk, { ...testKey('EdDSA').jwk, kid: b.kid }]), both)
})

function keySetOf(fetchJson: FetchJson, clock: ReturnType<typeof turnedClock>) {
  return createKeySet({ issuer: 'https://a', url: 'https://a/jwks' }, { fetchJson, clock, log: silentLog })
}
