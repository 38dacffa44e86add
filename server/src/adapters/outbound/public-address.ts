import { BlockList, isIP } from 'node:net'

/** Ranges of IPv4 that lead into a network of one's own, to a group, or nowhere (IANA special-purpose registry, 2026). */
const closedRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/** Says of a resolved address, or one that was written out, whether it is of the public Internet. */
export function publicAddresses(): (address: string) => boolean {
  const closed = new BlockList()
  for (const range of closedRanges) {
    const [network = '', bits] = range.split('/')
    closed.addSubnet(network, Number(bits))
  }

  return address => {
    const family = isIP(address)
    if (family === 4) return !closed.check(address)
    const groups = family === 6 ? groupsOf(address) : null
    if (!groups) return false
    const inner = embedded(groups)
    return inner === null ? isGlobal(groups) : !closed.check(inner)
  }
}

/** Null for an address with a zone, which is a network of one's own. */
function groupsOf(address: string): number[] | null {
  if (!URL.canParse(`http://[${address}]`)) return null
  // The parser writes each address in one form: without dots, with the longest row of zeros cut out.
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const head = hexadecimal(before)
  const tail = hexadecimal(after ?? '')
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function hexadecimal(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}

/**
 * The IPv4 address that is meant by ::ffff:0:0/96 (mapped, RFC 4291) and 64:ff9b::/96 (NAT64, RFC 6052). Networks
 * without IPv4 give every name in the second form, so that it cannot simply be refused.
 */
function embedded(groups: readonly number[]): string | null {
  const prefix = groups
    .slice(0, 6)
    .map(group => group.toString(16))
    .join(':')
  if (prefix !== '0:0:0:0:0:ffff' && prefix !== '64:ff9b:0:0:0:0') return null
  return groups
    .slice(6)
    .flatMap(group => [group >> 8, group & 255])
    .join('.')
}

/** Only 2000::/3 is given out; of it protocols (2001::/23), examples and 6to4, which would lead to any IPv4 address. */
function isGlobal([first = 0, second = 0]: readonly number[]): boolean {
  if (first >> 13 !== 1) return false
  if (first === 0x2001) return second > 0x1ff && second !== 0xdb8
  return first !== 0x2002 && !(first === 0x3fff && second < 0x1000)
}
