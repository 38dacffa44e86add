import { hash, timingSafeEqual } from 'node:crypto'

/** Who is calling. `service` has all rights, server to server. */
export type Caller = { readonly kind: 'service'; readonly userId: null }

export type Accounts = {
  /** Undefined when the credential is not valid. */
  identify(credential: string): Caller | undefined
}

export function createAccounts({ serviceRoleKey }: { serviceRoleKey: string }): Accounts {
  const service: Caller = { kind: 'service', userId: null }
  const expected = digest(serviceRoleKey)

  return {
    // Digests have one length, so the comparison takes the same time whatever was sent.
    identify: credential => (timingSafeEqual(digest(credential), expected) ? service : undefined),
  }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
