import { isIP } from 'node:net'
import { Problem } from '@roundhouse/sdk/contract'

/** What may be reached, but for where its name leads. */
export type Reach = {
  /** `host:port`, as `placeOf` writes them: these may be private, and spoken to without TLS. */
  readonly allowed: ReadonlySet<string>
  readonly ports: ReadonlySet<number>
  readonly isPublic: (address: string) => boolean
}

/** Names of networks of one's own, whatever they lead to (RFC 6761, RFC 6762, RFC 9476). */
const closedNames = /(?:^|\.)(?:localhost|internal|local|localdomain|home\.arpa)$/

/** `host:port`, with the port that the scheme has when none is written. */
export function placeOf({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`
}

/** Reads an address and says what can be said before it is connected to. @throws Problem `address-refused`. */
export function judge(text: string | URL, { allowed, ports, isPublic }: Reach): URL {
  if (!URL.canParse(String(text))) throw refused('This is not an address: it has the form https://host/path.')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refused(`Only https addresses may be reached, not ${url.protocol.slice(0, 20)}`)
  if (url.username !== '' || url.password !== '')
    throw refused('An address may not hold a user name or a password. They belong into a header.')
  const place = placeOf(url)
  if (allowed.has(place)) return url
  if (url.protocol === 'http:')
    throw refused(`${shown(place)} may be reached by https only, unless the operator allows it.`)
  const port = Number(place.slice(place.lastIndexOf(':') + 1))
  if (!ports.has(port))
    throw refused(
      `Port ${port} may not be reached: ${[...ports].join(', ')} may, and what the operator allows.`,
    )
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (closedNames.test(host.replace(/\.+$/, '')) || (isIP(host) > 0 && !isPublic(host)))
    throw notPublic(url.hostname)
  return url
}

/** The sentence is the same for a name and for what it leads to: which address that is stays here. */
export function notPublic(host: string): Problem {
  return refused(`${shown(host)} is not on the public Internet and may not be reached from here.`)
}

function refused(sentence: string): Problem {
  return new Problem('address-refused', sentence)
}

function shown(place: string): string {
  return place.length > 100 ? `${place.slice(0, 100)}...` : place
}
