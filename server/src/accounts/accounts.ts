import { timingSafeEqual } from 'node:crypto'

/** Who is calling. `service` has all rights, server to server. */
export type Caller = { readonly kind: 'service'; readonly userId: null }

export type Accounts = {
  /** Undefined when the credential is not valid. */
  identify(credential: string): Caller | undefined
}

export function createAccounts({ serviceRoleKey }: { serviceRoleKey: string }): Accounts {
  const service: Caller = { kind: 'service', userId: null }
  const expected = Buffer.from(serviceRoleKey)

  return {
    identify(credential) {
      const given = Buffer.from(credential)
      // Takes the same time whatever was sent; tells its length apart, which is no secret.
      return given.length === expected.length && timingSafeEqual(given, expected) ? service : undefined
    },
  }
}
