import { compactVerify, errors } from 'jose'
import { type CompactToken, Refusal } from './compact.ts'
import type { KeySet } from './key-sets.ts'
import type { VerificationKey } from './keys.ts'

/** What the tokens of an issuer are checked with: one of the two, or both. */
export type Checks = { secret: Uint8Array | undefined; keySet: Pick<KeySet, 'find'> | undefined }

/**
 * Checks the signature of a token that has been taken apart. The algorithm in its header only chooses between what the
 * issuer is configured with: HMAC sees nothing but the secret, and a public key verifies its own algorithm alone.
 *
 * @throws Refusal
 * @throws Problem `token-keys-unavailable`
 */
export async function checkSignature(token: string, compact: CompactToken, checks: Checks): Promise<void> {
  const { secret, keySet } = checks
  const { alg, kid } = compact
  if (alg === 'HS256' && secret) return verify(token, alg, secret)
  if (!keySet || (alg !== 'ES256' && alg !== 'RS256' && alg !== 'EdDSA')) throw new Refusal('alg-not-allowed')
  if (kid === null) throw new Refusal('kid-missing')
  const found = await keySet.find(kid)
  if (!found) throw new Refusal('unknown-kid')
  if (found.alg !== alg) throw new Refusal('key-of-another-alg')
  return verify(token, found.alg, found.key)
}

async function verify(token: string, alg: string, key: Uint8Array | VerificationKey['key']): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [alg] })
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new Refusal('signature')
    throw error
  }
}
