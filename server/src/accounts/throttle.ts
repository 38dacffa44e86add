import { createHash } from 'node:crypto'
import { Problem } from '@roundhouse/sdk/contract'
import type { Counters } from '../ports/counters.ts'
import { networkOf } from './network.ts'

/** Tries in one minute of the clock. */
const triesOfAccountAndAddress = 10
const triesOfAccount = 20
const triesOfAddress = 30
const badCredentialsOfAddress = 60
const windowSeconds = 60
/** Counts those of all addresses. */
const badCredentials = 'throttle:credential'

export type Throttle = {
  /**
   * Before each sign-in, sign-up, change of a password or use of the first administrator's link, whatever comes of it. An
   * address is tried at most 30 times a minute; an account 10 times from one address and 20 times from all of them, so
   * that many addresses together find no weak password soon; as long as they go on, its owner is kept out too. The account, an
   * e-mail address mostly, is kept as a hash only, and need not exist.
   * @throws Problem `rate-limited`
   */
  attempt(who: { account?: string; address: string }): void
  /** False after 60 invalid keys or tokens in this minute: no more are looked up for this address. */
  mayTry(address: string): boolean
  /** Counts one. What to answer instead of 401, or undefined while there are no more than 60 in this minute. */
  badCredential(address: string): Problem | undefined
}

/** Slows down those who guess. An address counts with its network: see `networkOf`. */
export function createThrottle({ counters }: { counters: Counters }): Throttle {
  return {
    attempt({ account, address }) {
      const network = networkOf(address)
      const tries: [key: string, most: number][] = [[`throttle:address:${network}`, triesOfAddress]]
      if (account !== undefined) {
        const hash = hashed(account)
        tries.push([`throttle:account:${hash}`, triesOfAccount])
        tries.push([`throttle:account:${hash}:${network}`, triesOfAccountAndAddress])
      }
      // A try that is refused is not counted: else one address could use up what the account has for all of them.
      for (const [key, most] of tries) {
        const { count, resetSeconds } = counters.peek(key, windowSeconds)
        if (count >= most) throw tooMany('Too many tries.', resetSeconds)
      }
      for (const [key] of tries) counters.add(key, windowSeconds)
    },
    mayTry(address) {
      // Before every request with a credential: while all addresses together have fewer, none has as many.
      if (counters.peek(badCredentials, windowSeconds).count < badCredentialsOfAddress) return true
      return counters.peek(badCredentialKey(address), windowSeconds).count < badCredentialsOfAddress
    },
    badCredential(address) {
      counters.add(badCredentials, windowSeconds)
      const { count, resetSeconds } = counters.add(badCredentialKey(address), windowSeconds)
      if (count <= badCredentialsOfAddress) return undefined
      return tooMany('Too many invalid credentials from this address.', resetSeconds)
    },
  }
}

function tooMany(sentence: string, retryAfterSeconds: number): Problem {
  return new Problem('rate-limited', `${sentence} Try again in ${retryAfterSeconds} seconds.`, {
    retryAfterSeconds,
  })
}

function badCredentialKey(address: string): string {
  return `${badCredentials}:${networkOf(address)}`
}

/** Spelled another way it is the same account: sign-in takes e-mail addresses in lower case. */
function hashed(account: string): string {
  return createHash('sha256').update(account.trim().toLowerCase()).digest('base64url')
}
