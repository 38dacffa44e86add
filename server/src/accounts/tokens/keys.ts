import { createHash } from 'node:crypto'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import { decodeBase64url, isObject } from './compact.ts'
import { isRoca } from './roca.ts'

/** A public key of an issuer. It verifies this one algorithm and no other. */
export type VerificationKey = {
  readonly kid: string
  readonly alg: 'ES256' | 'RS256' | 'EdDSA'
  readonly key: CryptoKey
  /** SHA-256 of what makes it this key. */
  readonly thumbprint: string
}

const rsaBits = { least: 2048, most: 8192 }

/**
 * The usable public keys of a JWK set (RFC 7517) by their `kid`. A key that does not fit one of our algorithms, is for
 * something else, is weak, symmetric or published with its private part is left out; so are all that share a `kid`.
 *
 * @throws Error when this is no JWK set
 */
export async function readKeySet(set: unknown): Promise<ReadonlyMap<string, VerificationKey>> {
  if (!isObject(set) || !Array.isArray(set.keys))
    throw new Error('This is not a JWK set: expected a JSON object with the array `keys`.')
  const jwks: Record<string, unknown>[] = set.keys.filter(isObject)
  const kids = jwks.map(jwk => jwk.kid)
  const once = jwks.filter(({ kid }) => kids.indexOf(kid) === kids.lastIndexOf(kid))
  const keys = await Promise.all(once.map(readKey))
  return new Map(keys.flatMap(key => (key ? [[key.kid, key]] : [])))
}

async function readKey(jwk: Record<string, unknown>): Promise<VerificationKey | undefined> {
  const { kid, use, key_ops: operations } = jwk
  if (typeof kid !== 'string' || 'd' in jwk) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  const found = publicPart(jwk)
  if (!found || (jwk.alg !== undefined && jwk.alg !== found.alg)) return undefined
  const key = await imported(found.jwk, found.alg)
  if (!key) return undefined
  const thumbprint = createHash('sha256').update(JSON.stringify(found)).digest('base64url')
  return { kid, alg: found.alg, key, thumbprint }
}

/** The members that are the key, and the one algorithm of ours that its type and curve are for. */
function publicPart(jwk: Record<string, unknown>): (Pick<VerificationKey, 'alg'> & { jwk: JWK }) | undefined {
  const { kty, crv } = jwk
  if (kty === 'EC' && crv === 'P-256' && isBytes(jwk.x, 32) && isBytes(jwk.y, 32))
    return { alg: 'ES256', jwk: { kty, crv, x: jwk.x, y: jwk.y } }
  if (kty === 'OKP' && crv === 'Ed25519' && isBytes(jwk.x, 32))
    return { alg: 'EdDSA', jwk: { kty, crv, x: jwk.x } }
  if (kty === 'RSA' && isBytes(jwk.n) && isBytes(jwk.e) && isStrongRsa(jwk.n, jwk.e))
    return { alg: 'RS256', jwk: { kty, n: jwk.n, e: jwk.e } }
  return undefined
}

function isBytes(value: unknown, length?: number): value is string {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined
  return bytes !== undefined && (length === undefined || bytes.length === length)
}

/** With the exponent 1 every message is its own signature; an even one is none at all. */
function isStrongRsa(n: string, e: string): boolean {
  const modulus = wholeNumber(n)
  const exponent = wholeNumber(e)
  const bits = modulus.toString(2).length
  if (bits < rsaBits.least || bits > rsaBits.most) return false
  return exponent >= 3n && exponent % 2n === 1n && exponent < 2n ** 32n && !isRoca(modulus)
}

function wholeNumber(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`)
}

/** Undefined for what is no key, as a point that does not lie on the curve. */
async function imported(jwk: JWK, alg: string): Promise<CryptoKey | undefined> {
  try {
    const key = await importJWK(jwk, alg)
    return key instanceof Uint8Array ? undefined : key
  } catch {
    return undefined
  }
}
