import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimsOf, fakeIssuer, forge, hmac, issuerOf, verifying } from '../../testing/tokens.ts'
import { turnedClock } from '../../testing/turned-clock.ts'

const now = Date.UTC(2026, 5, 1)
const second = now / 1000

test('a token counts from its nbf to its exp, give or take 30 seconds', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake), turnedClock(now))
  const reasonOf = (claims: Record<string, unknown>) => reason(fake.token({ ...times, ...claims }))
  const times = { iat: second, exp: second + 3600 }
  assert.equal(await reasonOf({}), 'accepted')
  assert.equal(await reasonOf({ exp: second - 29 }), 'accepted')
  assert.equal(await reasonOf({ exp: second - 30 }), 'expired')
  assert.equal(await reasonOf({ exp: 0 }), 'expired')
  assert.equal(await reasonOf({ exp: -1 }), 'expired')
  assert.equal(await reasonOf({ nbf: second + 30 }), 'accepted')
  assert.equal(await reasonOf({ nbf: second + 31 }), 'nbf-in-the-future')
  assert.equal(await reasonOf({ iat: second + 31 }), 'iat-in-the-future')
  assert.equal(await reasonOf({ iat: undefined }), 'accepted')
  assert.equal(await reasonOf({ exp: second + 0.5 }), 'accepted')
  const noNumbers = [undefined, null, `${second + 3600}`, [second + 3600], {}, true, 1e300]
  for (const exp of noNumbers) assert.equal(await reasonOf({ exp }), 'exp-form', String(exp))
  for (const value of [null, `${second}`, [second], true]) {
    assert.equal(await reasonOf({ iat: value }), 'iat-form')
    assert.equal(await reasonOf({ nbf: value }), 'nbf-form')
  }
  const endless = JSON.stringify({ ...claimsOf(fake.issuer, now), exp: 1 }).replace('"exp":1', '"exp":1e999')
  const { alg, kid, sign } = fake.key
  assert.equal(await reason(forge({ alg, kid }, endless, sign)), 'exp-form')
})

test('only what the issuer made for this server, for a person with an id, is taken', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake))
  const reasonOf = (claims: Record<string, unknown>) => reason(fake.token(claims))
  for (const iss of [
    `${fake.issuer}/`,
    fake.issuer.toUpperCase(),
    fake.supabaseUrl,
    '',
    undefined,
    null,
    [fake.issuer],
  ])
    assert.equal(await reasonOf({ iss }), 'unknown-issuer', String(iss))
  for (const aud of ['authenticated', ['authenticated'], ['other', 'authenticated']])
    assert.equal(await reasonOf({ aud }), 'accepted', String(aud))
  const foreign = [
    'Authenticated',
    'authenticated ',
    'anon',
    '',
    undefined,
    null,
    [],
    ['other'],
    [['authenticated']],
  ]
  for (const aud of [...foreign, { authenticated: true }])
    assert.equal(await reasonOf({ aud }), 'aud', String(aud))
  const clientId = '3d2f9c1e-0000-4000-8000-000000000000'
  assert.equal(await reasonOf({ aud: clientId, nonce: 'n', role: undefined }), 'aud', 'an OIDC ID token')
  for (const role of ['anon', 'service_role', 'supabase_admin', '', undefined, null, ['authenticated']])
    assert.equal(await reasonOf({ role }), 'role', String(role))
  const uuid = '3d2f9c1e-0000-4000-8000-00000000000'
  const noIds = [
    '',
    'ada',
    `${uuid}`,
    `${uuid}g`,
    `${uuid}0\n`,
    ` ${uuid}0`,
    `{${uuid}0}`,
    `urn:uuid:${uuid}0`,
  ]
  for (const sub of [...noIds, uuid.replaceAll('-', ''), undefined, null, 7, [`${uuid}0`]])
    assert.equal(await reasonOf({ sub }), 'sub', String(sub))
  assert.equal(await reasonOf({ sub: `${uuid}0` }), 'accepted')
})

test("Supabase's anon and service keys are nobody", async t => {
  const fake = await fakeIssuer(t)
  const secret = 'super-secret-jwt-token-with-at-least-32-characters-long'
  const { reason } = verifying(issuerOf(fake, { mode: 'legacy', secret }))
  for (const role of ['anon', 'service_role']) {
    const key = { role, ref: 'abcdefghijklmnop', iat: 1_700_000_000, exp: 2_015_000_000 }
    const signed = (claims: object) => forge({ alg: 'HS256', typ: 'JWT' }, claims, hmac(secret))
    assert.equal(await reason(signed({ iss: 'supabase', ...key })), 'unknown-issuer')
    assert.equal(await reason(signed({ iss: fake.issuer, ...key })), 'aud')
    assert.equal(await reason(signed({ ...claimsOf(fake.issuer), ...key })), 'role')
  }
})

test('an anonymous user comes in only where the operator says so', async t => {
  const fake = await fakeIssuer(t)
  const closed = verifying(issuerOf(fake))
  const open = verifying(issuerOf(fake, { allowAnonymous: true }))
  const token = fake.token({ is_anonymous: true, email: '' })
  assert.equal(await closed.reason(token), 'anonymous')
  assert.equal((await open.verifier.verify(token)).isAnonymous, true)
  assert.equal((await open.verifier.verify(fake.token({ is_anonymous: undefined }))).isAnonymous, false)
  for (const claim of ['true', 1, null, []])
    assert.equal(await open.reason(fake.token({ is_anonymous: claim })), 'is-anonymous-form')
})

test('the token of a third-party client carries what it was granted, and nothing without a scope', async t => {
  const fake = await fakeIssuer(t)
  const { verifier } = verifying(issuerOf(fake))
  const scopes = async (claims: Record<string, unknown>) =>
    (await verifier.verify(fake.token(claims))).thirdPartyScopes
  assert.equal(await scopes({}), null)
  assert.deepEqual(await scopes({ client_id: 'c', scope: 'openid  predict' }), ['openid', 'predict'])
  assert.deepEqual(await scopes({ scope: 'read' }), ['read'])
  for (const claims of [
    { client_id: 'c' },
    { client_id: null },
    { scope: '' },
    { scope: ['read'] },
    { scope: null },
  ])
    assert.deepEqual(await scopes(claims), [], JSON.stringify(claims))
})

test('names and addresses are for display: cleaned, cut, never required, and no role is among them', async t => {
  const fake = await fakeIssuer(t)
  const { verifier } = verifying(issuerOf(fake))
  const read = (claims: Record<string, unknown>) => verifier.verify(fake.token(claims))
  const bare = { email: undefined, user_metadata: undefined, session_id: undefined }
  const { email, name, sessionId } = await read(bare)
  assert.deepEqual([email, name, sessionId], [null, null, null])
  assert.equal((await read({ user_metadata: { name: 'Ada' } })).name, 'Ada')
  assert.equal((await read({ user_metadata: { full_name: '' }, name: 'Countess' })).name, 'Countess')
  assert.equal((await read({ user_metadata: { full_name: ' A\0d\na\ud800 ' } })).name, 'Ada\ufffd')
  assert.equal((await read({ user_metadata: { full_name: 'x'.repeat(999) } })).name?.length, 200)
  for (const odd of ['', 'nobody', 'a@b c', 7, null, ['a@b.c']])
    assert.equal((await read({ email: odd })).email, null)
  for (const metadata of [null, 7, [], 'text', { name: {} }])
    assert.equal((await read({ user_metadata: metadata })).name, null)
  const loud = await read({
    user_metadata: { role: 'admin', is_admin: true },
    app_metadata: { role: 'admin' },
  })
  assert.ok(!JSON.stringify(loud).includes('admin'))
})

test('another issuer than Supabase needs no role, and everything else just the same', async t => {
  const fake = await fakeIssuer(t)
  const { reason } = verifying(issuerOf(fake, { supabase: false, audience: 'https://api.example.com' }))
  const aud = 'https://api.example.com'
  assert.equal(await reason(fake.token({ aud, role: undefined })), 'accepted')
  assert.equal(await reason(fake.token({ role: undefined })), 'aud')
  assert.equal(await reason(fake.token({ aud, sub: 'auth0|5f7c8ec7c33c6c004bbafe82' })), 'sub')
  assert.equal(await reason(fake.token({ aud, is_anonymous: true })), 'anonymous')
})
