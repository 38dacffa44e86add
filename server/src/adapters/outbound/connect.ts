import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { notPublic, type Reach } from './judge.ts'
import type { Resolve } from './resolve.ts'

/** Lookup and connection and TLS together. */
const connectMs = 10_000

/**
 * Opens sockets to what may be reached. The lookup of the socket itself is judged, and the socket goes to the very
 * addresses that were judged, so that a server of names which answers something else the next time gains nothing.
 */
export function judgingConnector({ allowed, isPublic }: Reach, resolve: Resolve): buildConnector.connector {
  const open = (isAllowed: boolean) =>
    buildConnector({
      allowH2: false,
      timeout: connectMs,
      lookup: lookupBy(async name => {
        const addresses = await resolve(name, isAllowed)
        // One private address among public ones is enough: nobody says which of them is connected to.
        if (isAllowed || addresses.every(({ address }) => isPublic(address))) return addresses
        throw notPublic(name)
      }),
    })
  const [free, guarded] = [open(true), open(false)]
  return (options, callback) => {
    const { hostname, port, protocol } = options
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const shown = isIP(host) === 6 ? `[${host}]` : host
    const isAllowed = allowed.has(`${shown}:${port || (protocol === 'http:' ? '80' : '443')}`)
    if (isAllowed) return free(options, callback)
    // An address that is written out is connected to without a lookup.
    if (isIP(host) > 0 && !isPublic(host)) return callback(notPublic(shown), null)
    guarded(options, callback)
  }
}

function lookupBy(resolve: (name: string) => Promise<readonly LookupAddress[]>): LookupFunction {
  return (name, options, callback) => {
    resolve(name).then(
      addresses => {
        const [first] = addresses
        if (!first) callback(notFound(name), '', 0)
        else if (options.all) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: Error) => callback(error, '', 0),
    )
  }
}

function notFound(name: string): Error {
  return Object.assign(new Error(`No address is known of ${name}.`), { code: 'ENOTFOUND' })
}
