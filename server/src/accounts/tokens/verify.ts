import { createHash } from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import { invariant } from '../../kit/invariant.ts'
import type { Log } from '../../kit/log.ts'
import { readClaims, type VerifiedToken } from './claims.ts'
import { type CompactToken, parseCompact, parseObject, Refusal } from './compact.ts'
import type { Issuer } from './issuers.ts'
import { createKeySet, type FetchJson, type KeySet } from './key-sets.ts'
import { checkSignature } from './signature.ts'

export type { VerifiedToken }

export type TokenVerifier = {
  /**
   * Checks a JWT of a configured issuer. Its logout, and a ban at the issuer, are not seen before it expires.
   * @throws Problem `unauthenticated`, always in the same words: why is in the log line `token-refuse` alone.
   * @throws Problem `token-keys-unavailable` when the issuer's keys have never been fetched and cannot be now
   */
  verify(token: string): Promise<VerifiedToken>
  /** Three parts with dots between. */
  looksLikeToken(credential: string): boolean
  /** Another one as soon as any key is: what has been verified under the old one must be verified again. */
  fingerprint(): string
  /** What `verify` rejects with, for who has a reason of their own. */
  refusal(): Problem
}

type Door = { issuer: Issuer; secret: Uint8Array | undefined; keySet: KeySet | undefined }

const longestLogged = 128

/** Verifies the JWTs of other issuers, by the issuer's rules and never by the token's. */
export function createTokenVerifier(dependencies: {
  issuers: readonly Issuer[]
  fetchJson: FetchJson
  clock: Clock
  log: Log
}): TokenVerifier {
  const { issuers, clock, log } = dependencies
  const doors = new Map(issuers.map(issuer => [issuer.issuer, openDoor(issuer, dependencies)]))
  if (doors.size < issuers.length)
    throw new Error(
      `An issuer of tokens is configured twice: ${issuers.map(({ issuer }) => issuer).join(', ')}.`,
    )
  const keySets = [...doors.values()].flatMap(({ keySet }) => keySet ?? [])
  const rules = createHash('sha256').update(JSON.stringify(issuers)).digest('base64url')

  function refusal(): Problem {
    return new Problem(
      'unauthenticated',
      'The credential is not valid: unknown, expired or revoked. Sign in again, or use another key.',
    )
  }

  return {
    async verify(token) {
      let compact: CompactToken | undefined
      let claims: Record<string, unknown> | undefined
      try {
        compact = parseCompact(token)
        claims = parseObject(compact.payload)
        if (!claims) throw new Refusal('payload-not-an-object')
        // Not proven yet: it only says by whose rules to go on, and they are all ours.
        const door = typeof claims.iss === 'string' ? doors.get(claims.iss) : undefined
        if (!door) throw new Refusal('unknown-issuer')
        await checkSignature(token, compact, door)
        return readClaims(claims, door.issuer, clock.now())
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const { reason } = error
        log.info('token-refuse', { reason, iss: shown(claims?.iss), kid: shown(compact?.kid) })
        throw refusal()
      }
    },
    looksLikeToken: credential => credential.split('.').length === 3,
    fingerprint: () => [rules, ...keySets.map(keySet => keySet.fingerprint())].join('.'),
    refusal,
  }
}

function openDoor(issuer: Issuer, dependencies: { fetchJson: FetchJson; clock: Clock; log: Log }): Door {
  const { mode, secret, jwksUrl: url } = issuer
  invariant(mode === 'legacy' || url !== undefined, `${issuer.issuer} has no JWKS address`)
  invariant(mode === 'jwks' || secret !== undefined, `${issuer.issuer} has no secret`)
  const readsKeys = mode !== 'legacy' && url !== undefined
  return {
    issuer,
    secret: mode !== 'jwks' && secret !== undefined ? secretBytes(secret) : undefined,
    keySet: readsKeys ? createKeySet({ issuer: issuer.issuer, url }, dependencies) : undefined,
  }
}

/** With what is public, everyone could sign. */
function secretBytes(secret: string): Uint8Array {
  if (/-----BEGIN|"kty"/.test(secret))
    throw new Error(
      'SUPABASE_JWT_SECRET holds a key in PEM or JWK form. Expected the shared secret of the project.',
    )
  return new TextEncoder().encode(secret)
}

/** Untrusted text for a log line. */
function shown(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, longestLogged).replace(/[^\x21-\x7e]/g, '?') : null
}
