import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyRequest } from 'fastify'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Caller } from '../../accounts/caller.ts'
import type { Throttle } from '../../accounts/throttle.ts'
import { headerCredential } from '../authenticate.ts'

export type Admitted = { readonly caller: Caller; readonly credential: string }

/**
 * Who connects: by `?token=`, which is all that browsers can send, or by the headers of any other request.
 * @param origins Whose pages may, beside those of the address that was connected to.
 * @throws Problem `forbidden`, `unauthenticated`, `browser-refused`, `database-unavailable`.
 */
export async function admit(
  request: FastifyRequest,
  { accounts, throttle, origins }: { accounts: Accounts; throttle: Throttle; origins: ReadonlySet<string> },
): Promise<Admitted> {
  const { origin } = request.headers
  if (origin !== undefined && !origins.has(origin) && !isOwnPage(origin, request))
    throw new Problem('forbidden', 'Pages of this origin may not connect; CORS_ORIGINS lists those that may.')
  const credential = credentialOf(request)
  if (!credential) throw new Problem('unauthenticated', 'Connect with ?token=<token>.')
  const mayTry = throttle.mayTry(request.ip) || accounts.wasGood(credential)
  const caller = mayTry ? await accounts.identify(credential) : undefined
  if (!caller) {
    // Not `rate-limited`, which clients take for passing: they would come back with the same token for ever.
    const slowed = throttle.badCredential(request.ip)
    throw new Problem('unauthenticated', slowed?.message ?? 'The token is not valid.')
  }
  if (caller.role === 'service' && origin !== undefined)
    throw new Problem('browser-refused', 'This key is for servers only.')
  if (!caller.scopes.has('agents'))
    throw new Problem('forbidden', 'This needs a credential with the scope agents.')
  return { caller, credential }
}

/** The server may have more names than it knows of. No cookie counts here, so that such a page has nothing to abuse. */
function isOwnPage(origin: string, { host }: FastifyRequest): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

function credentialOf(request: FastifyRequest): string | undefined {
  const { query } = request
  const token = typeof query === 'object' && query !== null && 'token' in query ? query.token : undefined
  return typeof token === 'string' ? token : headerCredential(request)
}
