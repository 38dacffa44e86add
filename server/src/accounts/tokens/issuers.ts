/** Whose tokens are accepted, and by which rules; from the configuration only. */
export type Issuer = {
  /** The exact `iss`. */
  readonly issuer: string
  /** What `aud` must be or contain. */
  readonly audience: string
  /** `jwks`: ES256, RS256 or EdDSA by its public keys; `legacy`: HS256 by the secret; `both` while it changes over. */
  readonly mode: 'jwks' | 'legacy' | 'both'
  /** Needed unless `legacy`. */
  readonly jwksUrl?: string
  /** Needed unless `jwks`; used as UTF-8 text. */
  readonly secret?: string
  /** Then `role` must be `authenticated`, which its anon and service keys do not have. */
  readonly supabase: boolean
  /** Whether users who are nobody in particular (`is_anonymous`) may come in. */
  readonly allowAnonymous: boolean
}

/** The issuers that the configuration names, the Supabase project first. */
export function issuersFrom(config: {
  SUPABASE_URL: string | undefined
  SUPABASE_JWT_SECRET: string | undefined
  SUPABASE_JWT_MODE: Issuer['mode'] | undefined
  JWT_ISSUERS: readonly { issuer: string; audience: string; jwksUrl: string }[]
  ANONYMOUS_USERS: boolean
}): Issuer[] {
  const allowAnonymous = config.ANONYMOUS_USERS
  const others = config.JWT_ISSUERS.map(
    (entry): Issuer => ({ ...entry, mode: 'jwks', supabase: false, allowAnonymous }),
  )
  if (config.SUPABASE_URL === undefined) return others
  const issuer = `${config.SUPABASE_URL.replace(/\/$/, '')}/auth/v1`
  const secret = config.SUPABASE_JWT_SECRET
  const supabase: Issuer = {
    issuer,
    audience: 'authenticated',
    mode: config.SUPABASE_JWT_MODE ?? (secret === undefined ? 'jwks' : 'legacy'),
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    ...(secret !== undefined && { secret }),
    supabase: true,
    allowAnonymous,
  }
  return [supabase, ...others]
}
