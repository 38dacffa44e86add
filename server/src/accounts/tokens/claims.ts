import { Refusal } from './compact.ts'
import type { Issuer } from './issuers.ts'

/** What a token says once everything about it has been checked. */
export type VerifiedToken = {
  readonly issuer: string
  /** The user's id at the issuer: a UUID in lower case. Unique together with `issuer` only. */
  readonly subject: string
  /** For display only: users write it themselves at many issuers. */
  readonly email: string | null
  /** For display only. */
  readonly name: string | null
  readonly isAnonymous: boolean
  readonly sessionId: string | null
  /** Milliseconds since the epoch, with what the issuer's clock may be off. */
  readonly expiresAt: number
  /** What the user granted the third-party OAuth client that holds the token; null when it is the user's own. */
  readonly thirdPartyScopes: readonly string[] | null
}

/** How far the issuer's clock may be off. */
const leewaySeconds = 30
/** The last moment a JavaScript date can hold; JSON can also say 1e999, which is read as infinity. */
const lastSecond = 8.64e12
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

const longest = { email: 320, name: 200, sessionId: 128 }

/**
 * Reads the claims (RFC 7519 section 4.1, Supabase's guide "JWT claims reference") of a token whose signature holds
 * and whose `iss` is this issuer. No role is read: `user_metadata` is written by users, and roles are given by us.
 *
 * @throws Refusal
 */
export function readClaims(claims: Record<string, unknown>, issuer: Issuer, nowMs: number): VerifiedToken {
  const nowSeconds = nowMs / 1000
  if (!isFor(issuer.audience, claims.aud)) throw new Refusal('aud')
  const { exp } = claims
  if (typeof exp !== 'number' || exp > lastSecond) throw new Refusal('exp-form')
  if (exp + leewaySeconds <= nowSeconds) throw new Refusal('expired')
  for (const name of ['iat', 'nbf']) {
    const from = claims[name]
    if (from !== undefined && typeof from !== 'number') throw new Refusal(`${name}-form`)
    if (from !== undefined && from - leewaySeconds > nowSeconds) throw new Refusal(`${name}-in-the-future`)
  }
  const subject = typeof claims.sub === 'string' ? claims.sub.toLowerCase() : ''
  if (!uuid.test(subject)) throw new Refusal('sub')
  if (issuer.supabase && claims.role !== 'authenticated') throw new Refusal('role')
  return {
    issuer: issuer.issuer,
    subject,
    email: emailOf(claims),
    name: nameOf(claims),
    isAnonymous: readAnonymous(claims, issuer),
    sessionId: text(claims.session_id, longest.sessionId),
    expiresAt: (exp + leewaySeconds) * 1000,
    thirdPartyScopes: issuer.supabase ? readScopes(claims) : null,
  }
}

function isFor(audience: string, aud: unknown): boolean {
  return aud === audience || (Array.isArray(aud) && aud.includes(audience))
}

function readAnonymous({ is_anonymous: claim = false }: Record<string, unknown>, issuer: Issuer): boolean {
  if (typeof claim !== 'boolean') throw new Refusal('is-anonymous-form')
  if (claim && !issuer.allowAnonymous) throw new Refusal('anonymous')
  return claim
}

/**
 * Supabase names the app of someone else that a token was given to; without a scope it may do nothing. Other issuers
 * put both claims into the tokens of their own apps (RFC 9068), and tell those apart by the audience.
 */
function readScopes({ client_id: client, scope }: Record<string, unknown>): readonly string[] | null {
  if (client === undefined && scope === undefined) return null
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []
}

/** Empty for people who signed up by telephone. */
function emailOf(claims: Record<string, unknown>): string | null {
  const email = text(claims.email, longest.email)
  return email !== null && /^[^\s@]+@[^\s@]+$/.test(email) ? email : null
}

function nameOf(claims: Record<string, unknown>): string | null {
  const { user_metadata: metadata } = claims
  const theirs: { full_name?: unknown; name?: unknown } =
    typeof metadata === 'object' && metadata !== null ? metadata : {}
  return (
    [theirs.full_name, theirs.name, claims.name].map(value => text(value, longest.name)).find(Boolean) ?? null
  )
}

/** Without control characters and lone surrogates, which PostgreSQL or a log would not take; null when nothing is left. */
function text(value: unknown, maximum: number): string | null {
  if (typeof value !== 'string') return null
  const clean = value
    .slice(0, maximum)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '')
    .trim()
  return clean === '' ? null : clean
}
