import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'

/** The addresses that a name has now. @param isAllowed The operator has named it. @throws Error with the `code` of node:dns. */
export type Resolve = (name: string, isAllowed: boolean) => Promise<readonly LookupAddress[]>

/**
 * Asks the servers of names themselves. `lookup` would take one of the few threads for each name, for as long as
 * somebody's server of names likes, and would read this machine's own list of hosts. That is right only for what the
 * operator has named.
 */
export function openResolver(): { resolve: Resolve; close(): void } {
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  return {
    async resolve(name, isAllowed) {
      if (isAllowed) return lookup(name, { all: true })
      const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
      return [...addressesOf(four, 4), ...addressesOf(six, 6)]
    },
    close: () => resolver.cancel(),
  }
}

function addressesOf(found: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return found.status === 'fulfilled' ? found.value.map(address => ({ address, family })) : []
}
