import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import { invariant } from '../kit/invariant.ts'

export type LinkAction = 'download' | 'upload'

/** What a valid link says. `owner` and `upsert` are of uploads; `version`, of downloads, is of the only bytes it is for. */
export type Link = {
  url: string
  expiresAt: Date
  owner: string | null
  upsert: boolean
  version?: string | undefined
}

/** Signs and checks the tokens of links: a link is as good as the rights of who signed it, for one path and action. */
export type LinkTokens = {
  sign(action: LinkAction, link: Link): string
  /**
   * @param url `<bucket>/<name>` as it was asked for, decoded.
   * @throws Problem `link-invalid` when it is not ours, was changed or has expired; `link-mismatch` for another path or
   *   action.
   */
  verify(token: string, action: LinkAction, url: string): Link
}

type Claims = {
  url: string
  scope: LinkAction
  iat: number
  exp: number
  owner?: string
  upsert?: boolean
  version?: string
}

const longestToken = 8192

/**
 * JWT, HS256. The first key signs, all verify, so that links of an older key are good until they expire. A header that
 * is not to the letter one of ours is refused: no algorithm is ever chosen by a token.
 * @param secretKeys Texts; the keys are derived from them for this purpose alone (HKDF-SHA256, RFC 5869).
 */
export function createLinkTokens({
  secretKeys,
  clock,
}: {
  secretKeys: readonly string[]
  clock: Clock
}): LinkTokens {
  const keys = new Map(secretKeys.map(deriveKey))
  const [current] = keys
  invariant(current, 'links are signed by a key')
  const [currentHeader, currentKey] = current

  return {
    sign(action, { url, expiresAt, owner, upsert, version }) {
      const claims: Claims = {
        ...(action === 'upload' ? { ...(owner === null ? {} : { owner }), upsert } : {}),
        ...(action === 'download' && version !== undefined ? { version } : {}),
        iat: Math.floor(clock.now() / 1000),
        exp: Math.floor(expiresAt.getTime() / 1000),
        url,
        scope: action,
      }
      const signed = `${currentHeader}.${encode(claims)}`
      return `${signed}.${signatureOf(currentKey, signed)}`
    },

    verify(token, action, url) {
      const claims = claimsOf(token)
      if (clock.now() >= claims.exp * 1000)
        throw invalid('"exp" claim timestamp check failed: it has expired')
      if (claims.scope !== action || claims.url !== url)
        throw new Problem(
          'link-mismatch',
          'The signature of this link is for another path or another action.',
        )
      const { owner = null, upsert = false, version } = claims
      return { url, expiresAt: new Date(claims.exp * 1000), owner, upsert, version }
    },
  }

  function claimsOf(token: string): Claims {
    const [header = '', payload = '', signature = '', ...more] = token.split('.', 4)
    const key = token.length <= longestToken && more.length === 0 ? keys.get(header) : undefined
    if (!key) throw invalid('it is not a token of this server')
    const expected = Buffer.from(signatureOf(key, `${header}.${payload}`))
    const given = Buffer.from(signature)
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw invalid('signature verification failed')
    // Signed by us: it is what `sign` wrote.
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
  }
}

/** A key object: from bytes each signature took 30 microseconds, so 4. */
function deriveKey(secret: string): [header: string, key: KeyObject] {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'roundhouse file links v1', 32))
  const kid = createHash('sha256').update('roundhouse key id').update(key).digest('hex').slice(0, 8)
  return [encode({ alg: 'HS256', typ: 'JWT', kid }), createSecretKey(key)]
}

function signatureOf(key: KeyObject, signed: string): string {
  return createHmac('sha256', key).update(signed).digest('base64url')
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function invalid(why: string): Problem {
  return new Problem('link-invalid', `The link is not valid: ${why}.`)
}
