import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { defer } from '../../testing/defer.ts'
import { judgingConnector } from './connect.ts'
import { openOutbound } from './outbound.ts'
import { publicAddresses } from './public-address.ts'
import type { Resolve } from './resolve.ts'

/** Every name leads to loopback, as one of an attacker's own would. */
const toLoopback: Resolve = async () => [{ address: '127.0.0.1', family: 4 }]

// A listener on all of loopback, on a port that may be reached: nothing but the address keeps a connection away.
const file = { after }
let connections = 0
const listener = createServer(socket => {
  connections += 1
  socket.destroy()
})
await new Promise<void>(resolve => listener.listen({ port: 0, host: '::', ipv6Only: false }, resolve))
defer(file, () => new Promise(resolve => listener.close(resolve)))
const place = listener.address()
assert.ok(place && typeof place === 'object')
const { port } = place
const outbound = openOutbound({ allowed: [], resolve: toLoopback, ports: [port, 443, 80, 8443] })
defer(file, outbound.close)

/** A host stands for `https://<host>:<port>/`. */
const hosts = [
  // IPv4 as it is read by many a client: short, octal, hexadecimal, one number, with a final dot.
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '127.255.255.254',
  '0x7f000001',
  '0x7f.1',
  '0X7F.0.0.1',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0177.0.0x0.1',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '0x0',
  // Digits and dots of other scripts, and escapes.
  '①②⑦.⓪.⓪.①',
  '１２７.０.０.１',
  '127。0。0。1',
  '127%2e0%2e0%2e1',
  '%31%32%37.0.0.1',
  '𝟏𝟐𝟕.𝟎.𝟎.𝟏',
  // Loopback as IPv6, also by what carries IPv4 in it.
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000::0001]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2002:7f00:0001::1]',
  '[2001:0:7f00:1::]',
  // Other networks of one's own, groups, and what is given to nobody.
  '10.0.0.1',
  '10.255.255.255',
  '012.0.0.1',
  '100.64.0.1',
  '100.127.255.254',
  '169.254.169.254',
  '169.254.170.2',
  '0xa9fea9fe',
  '2852039166',
  '[::ffff:169.254.169.254]',
  '[64:ff9b::a9fe:a9fe]',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.1',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fd12:3456:789a::1]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '[2001:10::1]',
  '[3fff::1]',
  '[4000::1]',
  // Names of such networks.
  'localhost',
  'LOCALHOST',
  'localhost.',
  'ⓛocalhost',
  'a.localhost',
  'postgres.railway.internal',
  'postgres.railway.internal.',
  'POSTGRES.RAILWAY.INTERNAL',
  'metadata.google.internal',
  'metadata.google.internal.',
  'internal',
  'printer.local',
  'localhost.localdomain',
  'nas.home.arpa',
  // Names of anybody's that lead to one.
  'rebind.example.com',
  '127.0.0.1.nip.example',
  'xn--n3h.example',
]

const addresses = [
  ...hosts.map(host => `https://${host}:${port}/`),
  // What is refused before the address counts.
  `http://127.0.0.1:${port}/`,
  `http://example.com:${port}/`,
  'https://127.0.0.1/',
  'http://localhost/',
  'https://example.com:22/',
  'https://example.com:6379/',
  `https://example.com@127.0.0.1:${port}/`,
  `https://user:password@example.com:${port}/`,
  `https://127.0.0.1:${port}@example.com/`,
  `https://example.com:${port}\\@127.0.0.1/`,
  `https:127.0.0.1:${port}/`,
  `https:///127.0.0.1:${port}/`,
  `https:\\\\127.0.0.1:${port}\\`,
  `\thttps://127.0.0.1:${port}/`,
  `ht\ntps://127.0.0.1:${port}/`,
  `HTTPS://127.0.0.1:${port}/`,
  `https://127.0.0.1:00${port}/`,
  `https://127.0.0.1:${port}#@example.com/`,
  `https://127.0.0.1:${port}?@example.com/`,
  'https://[::1/',
  'https://[fe80::1%25eth0]/',
  'https://256.0.0.1/',
  'https://exa mple.com/',
  '',
  '/path',
  '//127.0.0.1/',
  `ftp://127.0.0.1:${port}/`,
  `ws://127.0.0.1:${port}/`,
  'file:///etc/passwd',
  'data:text/plain,hello',
  'javascript:0',
  `gopher://127.0.0.1:${port}/_x`,
  'blob:https://example.com/1',
  `unix:/var/run/docker.sock`,
]

test(`${addresses.length} hostile forms of an address lead to no connection`, async () => {
  assert.ok(addresses.length >= 60)
  for (const address of addresses) {
    await assert.rejects(outbound.fetch(address, { timeoutMs: 5000 }), { code: 'address-refused' }, address)
    assert.equal(connections, 0, address)
  }
})

test('a socket goes to no private address that is written out, whoever asks for it', async () => {
  const reach = { allowed: new Set<string>(), ports: new Set<number>(), isPublic: publicAddresses() }
  const connect = judgingConnector(reach, toLoopback)
  for (const hostname of ['127.0.0.1', '::1', '[::1]', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '10.0.0.1']) {
    const outcome = Promise.withResolvers<unknown>()
    connect({ hostname, protocol: 'https:', port: String(port) }, (...[error]) => outcome.resolve(error))
    assert.equal(codeOf(await outcome.promise), 'address-refused', hostname)
  }
  assert.equal(connections, 0)
})

test('the same listener is reached where the operator allows it, so that it would have counted', async () => {
  const open = openOutbound({ allowed: [`127.0.0.1:${port}`], resolve: toLoopback })
  await assert.rejects(open.fetch(`https://127.1:${port}/`), { code: 'address-failed' })
  await open.close()
  assert.equal(connections, 1)
})

test('does not tell which address a name leads to', async () => {
  await assert.rejects(outbound.fetch(`https://rebind.example.com:${port}/`), error => {
    assert.ok(error instanceof Error)
    assert.equal(
      error.message,
      'rebind.example.com is not on the public Internet and may not be reached from here.',
    )
    return true
  })
})

test('a name that changes what it leads to between two looks is judged by the one that is connected to', async () => {
  // Of the public Internet, and given to nobody: a connection to it comes to nothing.
  const somewhere = { address: '2c0f:ffff:ffff::1', family: 6 }
  const answers = [[somewhere], [{ address: '127.0.0.1', family: 4 }]]
  let asked = 0
  const changing = openOutbound({
    allowed: [],
    ports: [port],
    resolve: async () => answers[asked++ % answers.length] ?? [],
  })
  const address = `https://rebind.example.com:${port}/`
  await assert.rejects(changing.fetch(address, { timeoutMs: 300 }), { code: 'address-failed' })
  await assert.rejects(changing.fetch(address), { code: 'address-refused' })
  assert.equal(asked, 2, 'each connection takes one look, whose answer it goes to')
  await assert.rejects(changing.fetch(address, { timeoutMs: 300 }), { code: 'address-failed' })
  await changing.close()
  assert.equal(connections, 1)
})

test('one private address among public ones is enough to refuse a name', async () => {
  const mixed = openOutbound({
    allowed: [],
    ports: [port],
    resolve: async () => [
      { address: '2c0f:ffff:ffff::1', family: 6 },
      { address: '::ffff:127.0.0.1', family: 6 },
    ],
  })
  await assert.rejects(mixed.fetch(`https://mixed.example.com:${port}/`), { code: 'address-refused' })
  await mixed.close()
  assert.equal(connections, 1)
})

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error
}
