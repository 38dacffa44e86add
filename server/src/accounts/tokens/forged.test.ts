import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { httpServer } from '../../testing/http-server.ts'
import { claimsOf, fakeIssuer, forge, hmac, issuerOf, testKey, verifying } from '../../testing/tokens.ts'

const secret = 'the shared secret of a legacy project, as UTF-8: ä'
const modes = ['jwks', 'legacy', 'both'] as const

test('a token without a signature is refused however it says so', async t => {
  const fake = await fakeIssuer(t)
  const claims = claimsOf(fake.issuer)
  const { kid } = fake.key
  const valid = fake.token()
  const [head = '', body = '', tail = ''] = valid.split('.')
  const nothing = () => Buffer.from('')
  const something = () => Buffer.alloc(64)
  const algs = [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    ' ',
    'none\0',
    'HS',
    'ES',
    'es256',
    null,
    0,
    [],
    ['ES256'],
    {},
  ]
  const forms = [
    ...algs.flatMap(alg => [
      forge({ alg, kid }, claims, nothing),
      forge({ alg, kid }, claims, something),
      forge({ alg, kid }, claims, hmac('')),
    ]),
    forge({ kid }, claims, nothing),
    forge({ kid }, claims, fake.key.sign),
    forge({}, claims, something),
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}..${tail}`,
    `.${body}.${tail}`,
    `${valid}.`,
    `${valid}.${tail}`,
    `${valid}=`,
    `${valid} `,
    `${head}.${body}.${tail.slice(0, -1)}`,
    `${head}.${body}.${'A'.repeat(tail.length)}`,
    '',
    '..',
    'a.b.c',
    forge(`{"alg":"none","alg":"ES256","kid":"${kid}"}`, claims, nothing),
    forge(`{"alg":"ES256","kid":"${kid}","a\\u006cg":"ES256"}`, claims, fake.key.sign),
    forge(`\ufeff{"alg":"ES256","kid":"${kid}"}`, claims, fake.key.sign),
    forge(`[{"alg":"ES256","kid":"${kid}"}]`, claims, fake.key.sign),
    forge('"ES256"', claims, fake.key.sign),
    forge('null', claims, fake.key.sign),
  ]
  assert.ok(forms.length >= 12)
  for (const mode of modes) {
    const { reason } = verifying(issuerOf(fake, { mode, ...(mode !== 'jwks' && { secret }) }))
    for (const form of forms) assert.notEqual(await reason(form), 'accepted', `${mode}: ${form}`)
    assert.equal(await reason(valid), mode === 'legacy' ? 'alg-not-allowed' : 'accepted')
  }
})

test('no form of a public key is a secret, and no algorithm stands for another', async t => {
  for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
    const fake = await fakeIssuer(t, alg)
    const { kid, publicKey, jwk } = fake.key
    const claims = claimsOf(fake.issuer)
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const der = publicKey.export({ type: 'spki', format: 'der' })
    const published = [
      ...[
        pem,
        pem.trim(),
        pem.replaceAll('\n', '\r\n'),
        pem.replaceAll('\n', ''),
        pem.split('\n').slice(1, -2).join(''),
      ],
      ...[der, der.toString('base64'), der.toString('base64url'), der.toString('hex')],
      ...[
        JSON.stringify(jwk),
        JSON.stringify({ keys: [jwk] }),
        JSON.stringify(publicKey.export({ format: 'jwk' })),
      ],
      ...[jwk.x, jwk.y, jwk.n, jwk.e].flatMap(part => (part ? [part, Buffer.from(part, 'base64url')] : [])),
      ...(alg === 'RS256' ? [publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()] : []),
      ...[kid, '', 'null', '\0'],
    ]
    for (const mode of modes) {
      const { reason } = verifying(issuerOf(fake, { mode, ...(mode !== 'jwks' && { secret }) }))
      const allowed = mode === 'jwks' ? 'alg-not-allowed' : 'signature'
      for (const key of published) {
        for (const header of [{ alg: 'HS256', kid }, { alg: 'HS256', kid, jwk }, { alg: 'HS256' }])
          assert.equal(await reason(forge(header, claims, hmac(key))), allowed)
        assert.equal(
          await reason(forge({ alg: 'HS384', kid }, claims, hmac(key, 'sha384'))),
          'alg-not-allowed',
        )
        assert.equal(
          await reason(forge({ alg: 'HS512', kid }, claims, hmac(key, 'sha512'))),
          'alg-not-allowed',
        )
      }
    }
    const { reason } = verifying(issuerOf(fake))
    const others = ['ES256', 'RS256', 'EdDSA'].filter(other => other !== alg)
    for (const other of others)
      assert.equal(await reason(fake.token({}, { alg: other })), 'key-of-another-alg')
    for (const other of [
      'RS384',
      'RS512',
      'PS256',
      'ES384',
      'ES512',
      'ES256K',
      'Ed25519',
      'ML-DSA-44',
      'RSA1_5',
    ])
      assert.equal(await reason(fake.token({}, { alg: other })), 'alg-not-allowed')
    assert.equal(await reason(fake.token()), 'accepted')
  }
})

test('no key id leads to another key, a file or a query', async t => {
  const fake = await fakeIssuer(t)
  const { reason, lines } = verifying(issuerOf(fake))
  assert.equal(await reason(fake.token()), 'accepted')
  const unknown = [
    ...['../../etc/passwd', '/dev/null', `' or 1=1 --`, '__proto__', 'constructor', 'toString', '', '0'],
    ...[
      `${fake.key.kid}\0`,
      `${fake.key.kid} `,
      fake.key.kid.toUpperCase(),
      'http://127.0.0.1/',
      '\n{"level":"x"}',
    ],
  ]
  for (const kid of unknown) {
    assert.equal(await reason(fake.token({}, { kid })), 'unknown-kid', kid)
    assert.match(String(lines.at(-1)?.kid), /^[\x21-\x7e]*$/)
    assert.equal(
      await reason(forge({ alg: 'ES256', kid }, claimsOf(fake.issuer), hmac(''))),
      'unknown-kid',
      kid,
    )
  }
  const { kid } = fake.key
  const misshapen = ['k'.repeat(129), 'k'.repeat(5000), [kid], { kid }, 7, true]
  for (const form of misshapen) assert.equal(await reason(fake.token({}, { kid: form })), 'kid-form')
  assert.equal(await reason(fake.token({}, { kid: 'k'.repeat(10_000) })), 'too-long')
  assert.equal(await reason(fake.token({}, { kid: undefined })), 'kid-missing')
  assert.equal(await reason(fake.token({}, { kid: null })), 'kid-missing')
  assert.equal(fake.requests.length, 1)
})

test('a token that brings or names its own key is refused, and its address is never called', async t => {
  const fake = await fakeIssuer(t)
  const { url, requests } = await listener(t)
  const mine = testKey('ES256', fake.key.kid)
  const { reason } = verifying(issuerOf(fake))
  assert.equal(await reason(fake.token()), 'accepted')
  const x5c = [mine.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]
  const headers = [
    { jku: url },
    { x5u: url },
    { x5c },
    { jwk: mine.jwk },
    { jku: url, x5u: url, x5c, jwk: mine.jwk },
  ]
  for (const header of headers) {
    for (const kid of [fake.key.kid, 'unknown', url]) {
      const claims = claimsOf(fake.issuer)
      const verdict = await reason(forge({ alg: 'ES256', kid, ...header }, claims, mine.sign))
      assert.equal(verdict, kid === fake.key.kid ? 'signature' : 'unknown-kid')
      const elsewhere = { ...claims, iss: url }
      assert.equal(
        await reason(forge({ alg: 'ES256', kid, ...header }, elsewhere, mine.sign)),
        'unknown-issuer',
      )
    }
    assert.equal(await reason(fake.token({}, header)), 'accepted', 'ignored, not an error')
  }
  assert.deepEqual(requests, [])
  assert.equal(fake.requests.length, 1)
})

/** Stands where a forged token says the keys are. */
async function listener(t: TestContext): Promise<{ url: string; requests: unknown[] }> {
  const requests: unknown[] = []
  const { url } = await httpServer(t, (request, response) => {
    requests.push(request.url)
    response.end('{}')
  })
  return { url: `${url}/jwks.json`, requests }
}
