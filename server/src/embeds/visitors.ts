import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Clock } from '../kit/clock.ts'
import { invariant } from '../kit/invariant.ts'
import type { Visitor } from './embed.ts'

/** Signs and checks who a visitor is. A token opens nothing but the embed and the origin that it names. */
export type VisitorTokens = {
  sign(visitor: Visitor): { token: string; expiresAt: Date }
  /** @throws Problem `unauthenticated` when it is not ours, has expired, or is for another embed or origin. */
  verify(token: string, place: Omit<Visitor, 'id'>): Visitor
}

const prefix = 'rhv_'
const longestToken = 1024
const lifeSeconds = 7 * 86_400

const claimsSchema = z.strictObject({ v: z.uuid(), e: z.uuid(), o: z.string(), x: z.int() })

/**
 * `rhv_<claims>.<HMAC-SHA256>`, both in base64url. The first key signs, all verify.
 * @param secretKeys Texts; the keys are derived from them for this purpose alone (HKDF-SHA256, RFC 5869), so that no
 *   other thing we have signed is a visitor, and no visitor is anything else.
 */
export function createVisitorTokens({
  secretKeys,
  clock,
}: {
  secretKeys: readonly string[]
  clock: Pick<Clock, 'now'>
}): VisitorTokens {
  const keys = secretKeys.map(deriveKey)
  const [current] = keys
  invariant(current, 'visitors are signed by a key')

  return {
    sign({ id, embedId, origin }) {
      const expires = Math.floor(clock.now() / 1000) + lifeSeconds
      const claims = Buffer.from(JSON.stringify({ v: id, e: embedId, o: origin, x: expires })).toString(
        'base64url',
      )
      const token = `${prefix}${claims}.${macOf(current, claims).toString('base64url')}`
      return { token, expiresAt: new Date(expires * 1000) }
    },

    verify(token, { embedId, origin }) {
      const [claims = '', mac = '', ...more] = token.slice(prefix.length).split('.', 3)
      const given = Buffer.from(mac, 'base64url')
      const isOurs =
        token.startsWith(prefix) &&
        token.length <= longestToken &&
        more.length === 0 &&
        keys.some(key => {
          const expected = macOf(key, claims)
          return given.length === expected.length && timingSafeEqual(given, expected)
        })
      if (!isOurs) throw refused()
      const { v, e, o, x } = claimsSchema.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
      if (e !== embedId || o !== origin || clock.now() >= x * 1000) throw refused()
      return { id: v, embedId, origin }
    },
  }
}

/** The thread of a visitor's conversation: nobody can name one of another visitor, or of the agent's owner. */
export function threadOf({ id, embedId }: Visitor, conversation: string): string {
  const bytes = createHash('sha256')
    .update(`roundhouse embed thread\n${embedId}\n${id}\n${conversation}`)
    .digest()
  // RFC 9562: version 8, and its variant.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function deriveKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'roundhouse embed visitors v1', 32)))
}

function macOf(key: KeyObject, claims: string): Buffer {
  return createHmac('sha256', key).update(claims).digest()
}

function refused(): Problem {
  return new Problem(
    'unauthenticated',
    'The token of the visitor is not valid here: unknown, expired, or of another embed or site. POST .../visitors gives one.',
  )
}
