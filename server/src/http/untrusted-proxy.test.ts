import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { keptLog } from '../testing/kept-log.ts'
import { warnOfUntrustedProxy } from './untrusted-proxy.ts'

async function linesOf(trustedProxies: string[]): Promise<unknown[]> {
  const app = Fastify({ trustProxy: trustedProxies })
  const { log, lines } = keptLog()
  warnOfUntrustedProxy(app, { log, trustedProxies })
  app.get('/', async () => ({}))
  await app.inject('/')
  for (const address of ['198.51.100.1', '198.51.100.2'])
    await app.inject({ url: '/', headers: { 'x-forwarded-for': address } })
  await app.close()
  return lines.map(({ event, peer }) => [event, peer])
}

test('a proxy that is not trusted is named once, and a trusted one not at all', async () => {
  assert.deepEqual(await linesOf([]), [['proxy-untrusted', '127.0.0.1']])
  assert.deepEqual(await linesOf(['loopback']), [])
})
