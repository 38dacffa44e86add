import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fetchJson } from '../../adapters/jwks/fetch-json.ts'
import { systemClock } from '../../kit/clock.ts'
import { silentLog } from '../../kit/log.ts'
import { claimsOf, fakeIssuer, forge, hmac, issuerOf, verifying } from '../../testing/tokens.ts'
import { createTokenVerifier } from './verify.ts'

const secret = 'the shared secret of a legacy project, as UTF-8: ä'

for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
  test(`a user who signed in at Supabase comes in by a token signed with ${alg}`, async t => {
    const fake = await fakeIssuer(t, alg)
    const { verifier } = verifying(issuerOf(fake))
    const sub = 'A3C1F0DE-0000-4000-8000-00000000BEEF'
    const exp = Math.floor(Date.now() / 1000) + 1000
    const sessionId = '11111111-2222-4333-8444-555555555555'
    assert.deepEqual(await verifier.verify(fake.token({ sub, exp, session_id: sessionId })), {
      issuer: fake.issuer,
      subject: sub.toLowerCase(),
      email: 'ada@example.com',
      name: 'Ada Lovelace',
      isAnonymous: false,
      sessionId,
      // With what the issuer's clock may be off.
      expiresAt: (exp + 30) * 1000,
      thirdPartyScopes: null,
    })
  })
}

test('a legacy project is verified by its secret as text, and asks nobody for keys', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake, { mode: 'legacy', secret }))
  const legacy = forge({ alg: 'HS256', typ: 'JWT' }, claimsOf(fake.issuer), hmac(secret))
  assert.equal(await reason(legacy), 'accepted')
  assert.equal(await reason(fake.token()), 'alg-not-allowed')
  const base64 = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')
  const decoded = forge({ alg: 'HS256' }, claimsOf(fake.issuer), hmac(Buffer.from(base64, 'base64')))
  assert.equal(
    await verifying(issuerOf(fake, { mode: 'legacy', secret: base64 })).reason(decoded),
    'signature',
  )
  assert.deepEqual(fake.requests, [])
})

test('while a project changes over, both its secret and its keys count, and without either only the other', async t => {
  const fake = await fakeIssuer(t)
  const legacy = forge({ alg: 'HS256', typ: 'JWT' }, claimsOf(fake.issuer), hmac(secret))
  const both = verifying(issuerOf(fake, { mode: 'both', secret }))
  assert.equal(await both.reason(legacy), 'accepted')
  assert.equal(await both.reason(fake.token()), 'accepted')
  assert.equal(await verifying(issuerOf(fake, { secret })).reason(legacy), 'alg-not-allowed')
})

test('a configured secret that is a public key stops the start', async t => {
  const fake = await fakeIssuer(t)
  const pem = fake.key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const key of [pem, JSON.stringify(fake.key.jwk)])
    assert.throws(() => verifying(issuerOf(fake, { mode: 'legacy', secret: key })), /SUPABASE_JWT_SECRET/)
})

test('a header that changes what is signed is refused', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake))
  const headers = [
    { crit: ['b64'], b64: false },
    { crit: [] },
    { crit: ['exp'] },
    { b64: false },
    { b64: true },
  ]
  for (const header of headers) assert.equal(await reason(fake.token({}, header)), 'crit-or-b64')
  assert.equal(await reason(fake.token()), 'accepted')
})

test('a changed, moved or oversized part is refused, and so is a payload that says something twice', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake))
  const [head = '', body = '', tail = ''] = fake.token().split('.')
  const [, otherBody = ''] = fake.token().split('.')
  assert.equal(await reason(`${head}.${otherBody}.${tail}`), 'signature')
  assert.equal(await reason(`${head}.${body}=.${tail}`), 'not-canonical-base64url')
  assert.equal(await reason(`${head} .${body}.${tail}`), 'not-canonical-base64url')
  assert.equal(await reason(fake.token({ filler: 'x'.repeat(8 * 1024) })), 'too-long')

  const { kid, sign } = fake.key
  const claims = JSON.stringify(claimsOf(fake.issuer))
  const payload = (more: string) => forge({ alg: 'ES256', kid }, claims.replace(/}$/, `,${more}}`), sign)
  assert.equal(await reason(payload('"x":{"role":1},"y":[{"role":2},{"role":3}]')), 'accepted')
  for (const more of ['"role":"service_role"', '"\\u0072ole":"authenticated"', '"x":{"a":1,"b":{},"a":2}'])
    assert.equal(await reason(payload(more)), 'payload-not-an-object')
  for (const text of ['[]', '"text"', '7', 'null', '{', '\ufeff{}'])
    assert.equal(await reason(forge({ alg: 'ES256', kid }, text, sign)), 'payload-not-an-object')
  const latin1 = forge({ alg: 'ES256', kid }, claims, sign).split('.')
  latin1[1] = Buffer.from(claims.replace('Ada', 'Ad\xe4'), 'latin1').toString('base64url')
  const signed = `${latin1[0]}.${latin1[1]}`
  assert.equal(await reason(`${signed}.${sign(signed).toString('base64url')}`), 'payload-not-an-object')
})

test('whatever is sent in place of a token is refused, and nothing else happens', async t => {
  const fake = await fakeIssuer(t)
  const { reason, verifier } = verifying(issuerOf(fake))
  const json = fc.jsonValue().map(value => Buffer.from(JSON.stringify(value)).toString('base64url'))
  const part = fc.oneof(json, fc.base64String(), fc.string({ unit: 'binary' }))
  const { kid, sign } = fake.key
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { minLength: 3, maxLength: 3 }).map(parts => parts.join('.')),
    fc.tuple(fc.jsonValue(), fc.jsonValue()).map(([header, payload]) => forge(header, payload, sign)),
    fc
      .dictionary(fc.constantFrom(...Object.keys(claimsOf(''))), fc.jsonValue(), { minKeys: 6 })
      .map(claims => forge({ alg: 'ES256', kid }, { ...claimsOf(fake.issuer), ...claims, sub: 1 }, sign)),
  )
  await fc.assert(
    fc.asyncProperty(anything, async token => assert.notEqual(await reason(token), 'accepted')),
    { numRuns: 200 },
  )
  assert.ok(verifier.looksLikeToken(fake.token()))
  assert.ok(
    !verifier.looksLikeToken('rh_key') &&
      !verifier.looksLikeToken('a.b') &&
      !verifier.looksLikeToken('a.b.c.d'),
  )
})

test('an issuer that is configured twice stops the start', async t => {
  const issuer = issuerOf(await fakeIssuer(t))
  assert.throws(
    () => createTokenVerifier({ issuers: [issuer, issuer], fetchJson, clock: systemClock, log: silentLog }),
    /configured twice/,
  )
})
