import { hash } from 'node:crypto'
import { type Scope, scope } from '@roundhouse/sdk/contract'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { createAccountStore } from '../store.ts'
import type { TokenVerifier, VerifiedToken } from './verify.ts'

/** About 2 KB each. */
const mostTokens = 10_000

/** The user a foreign token stands for. `scopes` is null where the token gives all that its user may. */
export type TokenUser = {
  userId: string
  sessionId: string | null
  scopes: readonly Scope[] | null
  expiresAt: number
}

/**
 * Foreign tokens as users of ours: the signature is checked once per token and set of keys, and the user gets a local
 * row when they are first seen.
 */
export function createTokens(dependencies: {
  verifier: TokenVerifier
  store: ReturnType<typeof createAccountStore>
  clock: Clock
  log: Log
  defaultPlan: string
}): { userOf(token: string): Promise<TokenUser | undefined> } {
  const { verifier, store, clock, log, defaultPlan } = dependencies
  const verified = new LRUCache<string, VerifiedToken>({ max: mostTokens })

  async function verify(token: string): Promise<VerifiedToken> {
    const known = verified.get(keyOf(token))
    if (known && known.expiresAt > clock.now()) return known
    const result = await verifier.verify(token)
    // Now: the verification may have fetched keys, and while the user is met they may be fetched again.
    const key = keyOf(token)
    await meet(result)
    verified.set(key, result)
    return result
  }

  /** Another key set is another name, so that what a withdrawn key has signed is looked at again. */
  function keyOf(token: string): string {
    return hash('sha256', `${verifier.fingerprint()}.${token}`, 'base64url')
  }

  async function meet({ subject, issuer, name, email, isAnonymous }: VerifiedToken): Promise<void> {
    const isTheirs = await store.meetForeignUser({
      id: subject,
      issuer,
      name: (name ?? email ?? subject).slice(0, 200),
      contactEmail: email,
      isAnonymous,
      plan: defaultPlan,
    })
    if (isTheirs) return
    // Two issuers that share an id would otherwise share an account.
    log.warn('token-refuse', { reason: 'subject-of-another-issuer', iss: issuer, sub: subject })
    throw verifier.refusal()
  }

  return {
    async userOf(token) {
      const { subject, sessionId, thirdPartyScopes, expiresAt } = await verify(token)
      return {
        userId: subject,
        sessionId,
        scopes: thirdPartyScopes && scope.options.filter(name => thirdPartyScopes.includes(name)),
        expiresAt,
      }
    },
  }
}
