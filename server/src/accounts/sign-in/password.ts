import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Problem } from '@roundhouse/sdk/contract'
import { createTurnstile } from '../../kit/turnstile.ts'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** Of scrypt: N = 2^logN. Each hash names its own, so that it may be raised. */
type Cost = { logN: number; r: number; p: number }

/** OWASP's choice for 32 MiB: about 0.2 s of a core for one guess. */
const owaspCost: Cost = { logN: 15, r: 8, p: 3 }
const keyBytes = 32
const saltBytes = 16
/** Each takes a thread of libuv's four, a core and 32 MiB; name look-ups and files need threads too. */
const atATime = 2
/** About what two lanes finish within the deadline of a request. */
const mostWaiting = 10

export type Passwords = {
  /** `scrypt$15$8$3$<salt>$<key>`. @throws Problem `rate-limited` when too many are under way. */
  hash(password: string): Promise<string>
  /** False for a hash that is none of ours. As much work as `hash`. @throws Problem `rate-limited` */
  verify(given: { hash: string; password: string }): Promise<boolean>
}

/** Slow hashes (RFC 7914), off the main thread. Another `cost` is for tests. */
export function createPasswords(cost: Cost = owaspCost): Passwords {
  const turnstile = createTurnstile(atATime)
  let underWay = 0

  async function key(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
    if (underWay >= atATime + mostWaiting)
      throw new Problem('rate-limited', 'Too many sign-ins at the same time. Try again in a few seconds.', {
        retryAfterSeconds: 3,
      })
    underWay += 1
    const options = { N: 2 ** logN, r, p, maxmem: 2 ** logN * r * 256 }
    try {
      // The same characters may be typed as different code points.
      return await turnstile(() => derive(password.normalize('NFKC'), salt, keyBytes, options))
    } finally {
      underWay -= 1
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      const derived = await key(password, salt, cost)
      return ['scrypt', cost.logN, cost.r, cost.p, encode(salt), encode(derived)].join('$')
    },
    async verify({ hash, password }) {
      const [name, logN, r, p, salt, expected] = hash.split('$')
      if (name !== 'scrypt' || salt === undefined || expected === undefined) return false
      const derived = await key(password, Buffer.from(salt, 'base64url'), {
        logN: Number(logN),
        r: Number(r),
        p: Number(p),
      })
      const stored = Buffer.from(expected, 'base64url')
      return stored.length === derived.length && timingSafeEqual(stored, derived)
    },
  }
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url')
}
