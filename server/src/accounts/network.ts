import { isIPv6 } from 'node:net'

/**
 * What addresses are counted by: an IPv4 address itself, of an IPv6 address its /64, because that is what one customer
 * is given (RFC 6177) and may change within at will. Text that is no address is given back.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  // Some proxies write the port into X-Forwarded-For; node:net writes IPv4 clients of an IPv6 socket as ::ffff:1.2.3.4.
  const version4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/i.exec(address)?.[1]
  if (version4 !== undefined) return version4
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return address
  const [before = '', after] = plain.split('::')
  const head = groups(before)
  const tail = groups(after ?? '')
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
  return `${all.slice(0, 4).join(':')}::/64`
}

function groups(text: string): string[] {
  const found = text === '' ? [] : text.split(':')
  // An IPv4 address at the end stands for two groups; they lie outside the /64, so their value is not needed.
  return found.flatMap(group =>
    group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)],
  )
}
