import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf } from './network.ts'

test('an IPv4 address is counted by itself, however it is written', () => {
  for (const address of ['203.0.113.7', '::ffff:203.0.113.7', '::FFFF:203.0.113.7', '203.0.113.7:51234'])
    assert.equal(networkOf(address), '203.0.113.7')
  assert.notEqual(networkOf('203.0.113.7'), networkOf('203.0.113.8'))
})

test('all IPv6 addresses that one customer can take count as one, those of the next do not', () => {
  const same = [
    '2001:db8:0:1::1',
    '2001:db8::1:0:0:0:2',
    '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8:0:1::',
    '2001:db8:0:1::1%eth0',
    '2001:db8:0:1::203.0.113.7',
  ]
  for (const address of same) assert.equal(networkOf(address), '2001:db8:0:1::/64', address)
  assert.equal(networkOf('2001:db8:0:2::1'), '2001:db8:0:2::/64')
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
})

test('what is no address is given back as it is', () => {
  for (const text of ['', 'unknown', 'a:b', '/run/proxy.sock', ':::', '1:2'])
    assert.equal(networkOf(text), text)
})
