import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { readConfig } from './config.ts'
import { hostsOf, listen } from './listen.ts'

/** Of the range for documentation: no machine has it. */
const absent = '203.0.113.1'

test('in production it listens everywhere, with IPv6 or without; HOST has the last word', () => {
  const [SECRET_KEY, ENCRYPTION_KEY, SERVICE_ROLE_KEY] = ['s', 'e', 'k'].map(letter => letter.repeat(40))
  const deployed = { ENVIRONMENT: 'production', SECRET_KEY, ENCRYPTION_KEY, SERVICE_ROLE_KEY }
  assert.deepEqual(hostsOf(readConfig(deployed)), ['::', '0.0.0.0'])
  assert.deepEqual(hostsOf(readConfig({})), ['127.0.0.1'])
  assert.deepEqual(hostsOf(readConfig({ ...deployed, HOST: '::1' })), ['::1'])
})

test('an address that the machine does not have gives way to the next, and the last one is named', async t => {
  const app = Fastify()
  t.after(() => app.close())
  app.get('/', async () => 'here')
  await assert.rejects(
    listen(app, 0, [absent, absent]),
    /^Error: Port 0 on 203\.0\.113\.1 cannot be used: .*HOST/,
  )
  await listen(app, 0, [absent, '127.0.0.1'])
  const address = app.server.address()
  assert.ok(address && typeof address === 'object' && address.address === '127.0.0.1')
  assert.equal(await (await fetch(`http://127.0.0.1:${address.port}/`)).text(), 'here')
})

test('a port that is taken is told, not passed over for another address', async t => {
  const [first, second] = [Fastify(), Fastify()]
  t.after(() => Promise.all([first.close(), second.close()]))
  await listen(first, 0, ['127.0.0.1'])
  const address = first.server.address()
  assert.ok(address && typeof address === 'object')
  await assert.rejects(
    listen(second, address.port, ['127.0.0.1', '0.0.0.0']),
    /on 127\.0\.0\.1 is taken by another program/,
  )
})
