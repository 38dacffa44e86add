import assert from 'node:assert/strict'
import {
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { isProblem } from '@roundhouse/sdk/contract'
import type { Issuer } from '../accounts/tokens/issuers.ts'
import { createTokenVerifier } from '../accounts/tokens/verify.ts'
import { fetchJson } from '../adapters/jwks/fetch-json.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'
import { keptLog } from './kept-log.ts'

/** Signs in Node's own crypto, so that the library which verifies is not asked twice. */
export type TestKey = {
  alg: 'ES256' | 'RS256' | 'EdDSA'
  kid: string
  /** As a key set publishes it. */
  jwk: JsonWebKey & { kid: string; alg: string; use: string }
  publicKey: KeyObject
  sign(input: string): Buffer
}

export function testKey(alg: TestKey['alg'] = 'ES256', kid: string = randomUUID()): TestKey {
  const { publicKey, privateKey } = keyPair(alg)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  const digest = alg === 'EdDSA' ? null : 'sha256'
  return { alg, kid, jwk, publicKey, sign: input => sign(digest, Buffer.from(input), key) }
}

function keyPair(alg: TestKey['alg']): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** HMAC with whatever is given as the secret. */
export function hmac(secret: string | Uint8Array, hash: 'sha256' | 'sha384' | 'sha512' = 'sha256') {
  return (input: string): Buffer => createHmac(hash, secret).update(input).digest()
}

/** A compact JWS of any header and payload; a string is taken as it is, for what no library would write. */
export function forge(header: unknown, payload: unknown, signer: (input: string) => Buffer): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signer(input).toString('base64url')}`
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** Claims of a signed-in Supabase user, valid for an hour from `nowMs`. */
export function claimsOf(issuer: string, nowMs: number = Date.now()): Record<string, unknown> {
  const nowSeconds = Math.floor(nowMs / 1000)
  return {
    iss: issuer,
    sub: randomUUID(),
    aud: 'authenticated',
    exp: nowSeconds + 3600,
    iat: nowSeconds,
    email: 'ada@example.com',
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { full_name: 'Ada Lovelace' },
    role: 'authenticated',
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: nowSeconds }],
    session_id: randomUUID(),
    is_anonymous: false,
  }
}

export type FakeIssuer = {
  /** What SUPABASE_URL is set to. */
  supabaseUrl: string
  /** Its `iss`. */
  issuer: string
  jwksUrl: string
  /** Signs `token`s. */
  key: TestKey
  /** What the key set's address answers; the public half of `key` at first. */
  answer: { status: number; body: unknown }
  /** Paths of all requests so far. */
  requests: string[]
  /** A token of a user; `undefined` as a claim leaves it out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): string
}

/** A Supabase project's sign-in server on loopback, as far as its key set goes. It ends with the scope. */
export async function fakeIssuer(scope: Scope, alg: TestKey['alg'] = 'ES256'): Promise<FakeIssuer> {
  const key = testKey(alg)
  const requests: string[] = []
  const { url: supabaseUrl } = await httpServer(scope, (request, response) => {
    requests.push(request.url ?? '')
    const isKeySet = request.url === '/auth/v1/.well-known/jwks.json'
    const { status, body } = isKeySet ? fake.answer : { status: 404, body: {} }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  const issuer = `${supabaseUrl}/auth/v1`
  const fake: FakeIssuer = {
    supabaseUrl,
    issuer,
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    key,
    answer: { status: 200, body: { keys: [key.jwk] } },
    requests,
    token: (claims = {}, header = {}) =>
      forge(
        { alg: fake.key.alg, kid: fake.key.kid, typ: 'JWT', ...header },
        { ...claimsOf(issuer), ...claims },
        fake.key.sign,
      ),
  }
  return fake
}

/** The configuration that accepts its tokens as Supabase's. */
export function issuerOf(fake: FakeIssuer, more: Partial<Issuer> = {}): Issuer {
  const { issuer, jwksUrl } = fake
  return {
    ...{ issuer, jwksUrl, audience: 'authenticated', mode: 'jwks', supabase: true, allowAnonymous: false },
    ...more,
  }
}

/** `reason` verifies and gives the reason code of the log line, or `accepted`; every refusal must look the same. */
export function verifying(issuer: Issuer, clock: Clock = systemClock) {
  const { log, lines } = keptLog()
  const verifier = createTokenVerifier({ issuers: [issuer], fetchJson, clock, log })
  async function reason(token: string): Promise<unknown> {
    try {
      await verifier.verify(token)
      return 'accepted'
    } catch (error) {
      assert.ok(isProblem(error), String(error))
      assert.equal(error.code, 'unauthenticated')
      assert.equal(error.message, verifier.refusal().message)
      const line = lines.at(-1)
      assert.equal(line?.event, 'token-refuse')
      assert.ok(token.length < 40 || !JSON.stringify(lines).includes(token.slice(-40)), 'the token is logged')
      return line?.reason
    }
  }
  return { verifier, reason, lines }
}
