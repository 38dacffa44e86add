import { refusedName } from '../../kit/json-names.ts'

/** The longest token that is looked at, in characters. Supabase's own have about 800. */
const longestToken = 8 * 1024
const longestKid = 128

/** Why a token is refused; for the log, never for the caller. */
export class Refusal extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(`The token is refused: ${reason}.`)
    this.name = 'Refusal'
    this.reason = reason
  }
}

/** What the token says of itself; nothing of it is proven. */
export type CompactToken = {
  readonly alg: string
  readonly kid: string | null
  readonly payload: Buffer
}

/**
 * Takes a JWT in compact form apart (RFC 7515 section 7.1), more strictly than libraries do: at most 8 KiB, exactly
 * three parts, each in canonical base64url, no member twice. `jku`, `x5u`, `x5c` and `jwk` are not even read: keys come
 * from the configuration only.
 *
 * @throws Refusal
 */
export function parseCompact(token: string): CompactToken {
  if (token.length > longestToken) throw new Refusal('too-long')
  const parts = token.split('.')
  if (parts.length !== 3) throw new Refusal('not-three-parts')
  const [headerBytes, payload, signature] = parts.map(decodeBase64url)
  if (!headerBytes || !payload || !signature) throw new Refusal('not-canonical-base64url')
  const header = parseObject(headerBytes)
  if (!header) throw new Refusal('header-not-an-object')
  const { alg, kid = null } = header
  if (typeof alg !== 'string') throw new Refusal('alg-not-a-string')
  // Both change what is signed, and the point of `crit` is that who does not know a member refuses.
  if ('crit' in header || 'b64' in header) throw new Refusal('crit-or-b64')
  if (kid !== null && (typeof kid !== 'string' || kid.length > longestKid)) throw new Refusal('kid-form')
  return { alg, kid, payload }
}

/** A JSON object in UTF-8 that names no member twice at any depth, or undefined. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    // A byte order mark is kept, and then is no JSON.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    return isObject(value) && refusedName(text) === undefined ? value : undefined
  } catch {
    return undefined
  }
}

/** Undefined when empty, or written with padding, blanks, other letters or stray bits: one value has one form. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
