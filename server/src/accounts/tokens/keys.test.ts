import assert from 'node:assert/strict'
import { createECDH, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { testKey } from '../../testing/tokens.ts'
import { readKeySet } from './keys.ts'

const ec = testKey('ES256', 'ec').jwk
const rsa = testKey('RS256', 'rsa').jwk
const okp = testKey('EdDSA', 'okp').jwk

async function kids(...keys: unknown[]): Promise<string[]> {
  return [...(await readKeySet({ keys })).keys()]
}

test('a key set gives its signing keys, each for the one algorithm of its type', async () => {
  const keys = await readKeySet({ keys: [ec, rsa, okp] })
  assert.deepEqual(
    [...keys.values()].map(({ kid, alg }) => [kid, alg]),
    [
      ['ec', 'ES256'],
      ['rsa', 'RS256'],
      ['okp', 'EdDSA'],
    ],
  )
  const { alg: _, use: __, ...plain } = ec
  assert.deepEqual(await kids(plain), ['ec'])
  assert.deepEqual(await kids({ ...plain, key_ops: ['verify'] }), ['ec'])
  assert.deepEqual(await kids({ ...ec, x5c: ['MII'], x5u: 'http://127.0.0.1/', future: 1 }), ['ec'])
})

test('a key that is not meant for this, or not sound, is left out, and the others stay', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const coordinate = String(ec.x)
  const bad = {
    'for encryption': { ...ec, use: 'enc' },
    'use of another type': { ...ec, use: null },
    'for signing only': { ...ec, key_ops: ['sign'] },
    'for no operation': { ...ec, key_ops: [] },
    'operations as text': { ...ec, key_ops: 'verify' },
    'of another algorithm': { ...ec, alg: 'RS256' },
    'PSS only': { ...rsa, alg: 'PS256' },
    'of another curve': { ...ec, crv: 'P-384' },
    'P-384': { ...other, kid: 'ec', use: 'sig' },
    'of another type': { ...ec, kty: 'RSA' },
    X25519: { ...okp, kid: 'x', crv: 'X25519' },
    symmetric: {
      kty: 'oct',
      kid: 'ec',
      alg: 'HS256',
      k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75',
    },
    'with its private part': { ...ec, d: coordinate },
    padded: { ...ec, x: `${coordinate}=` },
    'with a blank': { ...ec, x: ` ${coordinate}` },
    'with stray bits': { ...ec, x: strayBits(coordinate) },
    'too short': { ...ec, x: coordinate.slice(0, 40) },
    'off the curve': { ...ec, x: ec.y },
    'a number': { ...ec, x: 7 },
    'without a coordinate': { ...ec, y: undefined },
    'without a kid': { ...ec, kid: undefined },
    'a number as kid': { ...ec, kid: 7 },
    short: { ...short, kid: 'rsa' },
    'with exponent 1': { ...rsa, e: 'AQ' },
    'with exponent 2': { ...rsa, e: 'Ag' },
    'with a huge exponent': { ...rsa, e: rsa.n },
    huge: { ...rsa, n: Buffer.alloc(1025, 255).toString('base64url') },
    'modulus in plain base64': { ...rsa, n: `${rsa.n}==` },
    null: null,
    text: 'key',
    'a list': [ec],
  }
  for (const [what, key] of Object.entries(bad)) assert.deepEqual(await kids(key, okp), ['okp'], what)
})

test('of keys with the same id none is used', async () => {
  assert.deepEqual(await kids(ec, { ...rsa, kid: 'ec' }, okp), ['okp'])
  assert.deepEqual(await kids(ec, ec), [])
  assert.deepEqual(await kids(ec, { kty: 'oct', kid: 'ec', k: 'AAAA' }), [])
})

test('what is no key set is refused whole', async () => {
  for (const set of [null, [], 'keys', 7, {}, { keys: {} }, { keys: 'x' }, { keys: null }])
    await assert.rejects(readKeySet(set), /not a JWK set/, JSON.stringify(set))
  assert.equal((await readKeySet({ keys: [] })).size, 0)
})

test('a compressed point is no coordinate', async () => {
  const ecdh = createECDH('prime256v1')
  ecdh.generateKeys()
  const compressed = ecdh.getPublicKey('base64url', 'compressed')
  assert.deepEqual(await kids({ kty: 'EC', crv: 'P-256', kid: 'a', x: compressed, y: ec.y }), [])
})

/** 32 bytes take 43 letters; the last carries four bits, so two stay zero. */
function strayBits(text: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + letters.charAt(letters.indexOf(text.slice(-1)) + 1)
}
