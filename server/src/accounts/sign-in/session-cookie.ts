import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

export type SessionCookie = ReturnType<typeof createSessionCookie>

/**
 * The cookie that holds a session token and its signature, as better-auth writes it (better-call 1.4, `cookies.ts`):
 * `encodeURIComponent(token + '.' + base64(HMAC-SHA256(secretKey, token)))`.
 */
export function createSessionCookie(options: {
  publicUrl: string
  secretKey: string
  /** Also for pages of another site. */
  crossSite: boolean
}) {
  const secure = options.publicUrl.startsWith('https:')
  // A browser takes a `__Host-` cookie only from this very host, over https (RFC 6265bis, 4.1.3.2).
  const prefix = secure ? '__Host-roundhouse' : 'roundhouse'
  const name = `${prefix}.session`
  const sameSite = options.crossSite ? ('none' as const) : ('lax' as const)
  const key = createSecretKey(Buffer.from(options.secretKey))

  function signature(token: string): string {
    return createHmac('sha256', key).update(token).digest('base64')
  }

  function serialize(value: string, maxAgeSeconds: number): string {
    const site = sameSite === 'none' ? 'None' : 'Lax'
    return `${name}=${value}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly${secure ? '; Secure' : ''}; SameSite=${site}`
  }

  function signed(token: string): string {
    return encodeURIComponent(`${token}.${signature(token)}`)
  }

  return {
    prefix,
    name,
    attributes: { secure, sameSite, httpOnly: true, path: '/' },

    /** The token of a `Cookie` header; undefined without our cookie, or when the signature is not ours. */
    read(header: string): string | undefined {
      const pair = header
        .split(';')
        .map(text => text.trim())
        .find(text => text.startsWith(`${name}=`))
      const value = pair && decoded(pair.slice(name.length + 1))
      if (!value) return undefined
      const dot = value.lastIndexOf('.')
      const token = value.slice(0, Math.max(dot, 0))
      const given = Buffer.from(value.slice(dot + 1))
      const expected = Buffer.from(signature(token))
      return token && given.length === expected.length && timingSafeEqual(given, expected) ? token : undefined
    },

    /** A `Cookie` header with the token. */
    header: (token: string): string => `${name}=${signed(token)}`,

    /** A `Set-Cookie` header. */
    set: (token: string, maxAgeSeconds: number): string => serialize(signed(token), maxAgeSeconds),
    expire: (): string => serialize('', 0),
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
