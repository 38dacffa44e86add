import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Caller, serviceCaller, unlimited } from '../accounts/caller.ts'
import { createLimits } from '../accounts/limits.ts'
import { networkOf } from '../accounts/network.ts'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { registerLimits } from './limits.ts'
import { problemBody, toProblem } from './problems.ts'

const proxy = '10.0.0.1'
const client = '203.0.113.7'

test('every limited answer says what is left, errors of the route too', async t => {
  const { app } = await openApp(t)
  for (const [url, status, left] of [
    ['/things', 200, 2],
    ['/broken', 500, 1],
    ['/things', 200, 0],
  ] as const) {
    const reply = await app.inject({ url, remoteAddress: client })
    assert.equal(reply.statusCode, status)
    assert.equal(reply.headers['ratelimit-policy'], '"minute";q=3;w=60')
    assert.equal(reply.headers.ratelimit, `"minute";r=${left};t=45`)
    assert.equal(reply.headers['retry-after'], undefined)
  }
})

test('what is too much is answered 429 before its body is read, and names one moment to come back', async t => {
  const { app, clock, bodiesRead } = await openApp(t)
  const ask = () => app.inject({ method: 'POST', url: '/things', remoteAddress: client, payload: { a: 1 } })
  for (let time = 0; time < 3; time++) assert.equal((await ask()).statusCode, 200)
  const refused = await ask()
  assert.equal(refused.statusCode, 429)
  assert.equal(refused.json().code, 'rate-limited')
  assert.match(refused.json().detail, /plan free.*Try again in 45 seconds\.$/)
  assert.equal(refused.headers.ratelimit, '"minute";r=0;t=45')
  assert.equal(refused.headers['retry-after'], '45')
  assert.equal(bodiesRead(), 3)
  clock.turn(45_000)
  assert.equal((await ask()).statusCode, 200)
})

test('public paths and callers without limits are never refused and told no limits', async t => {
  const { app } = await openApp(t)
  for (let time = 0; time < 10; time++) {
    for (const request of [
      { url: '/health', remoteAddress: client },
      { url: '/things', headers: { 'x-api-key': 'service' }, remoteAddress: client },
      { url: '/nowhere', remoteAddress: client },
    ]) {
      const reply = await app.inject(request)
      assert.equal(reply.statusCode, request.url === '/nowhere' ? 404 : 200)
      assert.equal(reply.headers.ratelimit, undefined)
      assert.equal(reply.headers['ratelimit-policy'], undefined)
    }
  }
  assert.equal((await app.inject({ url: '/things', remoteAddress: client })).statusCode, 200)
})

/** Each request is another attempt to look like someone else, or like another route. */
const disguises = [
  { headers: { 'x-forwarded-for': '198.51.100.1' } },
  { headers: { 'x-forwarded-for': '198.51.100.2, 198.51.100.3' } },
  { headers: { 'x-forwarded-for': '127.0.0.1' } },
  { headers: { 'x-real-ip': '198.51.100.4' } },
  { headers: { forwarded: 'for=198.51.100.5' } },
  { headers: { 'true-client-ip': '198.51.100.6', 'cf-connecting-ip': '198.51.100.6' } },
  { headers: { 'x-forwarded-host': 'elsewhere.example', host: 'elsewhere.example' } },
  { url: '/THINGS' },
  { url: '/things/' },
  { url: '/things?a=1' },
  { url: '/%74hings' },
  { url: '/other/1' },
  { url: '/other/2' },
  { method: 'HEAD' },
  { method: 'POST' },
  { method: 'DELETE' },
] as const

test('no header, spelling of the path or method evades the limit without a trusted proxy', async t => {
  const { app } = await openApp(t)
  for (let time = 0; time < 3; time++)
    assert.equal((await app.inject({ url: '/things', remoteAddress: client })).statusCode, 200)
  for (const disguise of disguises) {
    const reply = await app.inject({ url: '/things', remoteAddress: client, ...disguise })
    assert.equal(reply.statusCode, 429, JSON.stringify(disguise))
  }
})

test('each disguise counts as one request more, also when it comes first', async t => {
  for (const disguise of disguises) {
    const { app } = await openApp(t)
    const reply = await app.inject({ url: '/things', remoteAddress: client, ...disguise })
    assert.equal(reply.statusCode, 200, JSON.stringify(disguise))
    const next = await app.inject({ url: '/things', remoteAddress: client })
    assert.equal(next.headers.ratelimit, '"minute";r=1;t=45', JSON.stringify(disguise))
  }
})

test('behind a trusted proxy clients are told apart by what the proxy saw, not by what they claim', async t => {
  const { app } = await openApp(t, [proxy])
  const through = (forwarded: string, more: Record<string, string> = {}) =>
    app.inject({
      url: '/things',
      remoteAddress: proxy,
      headers: { 'x-forwarded-for': forwarded, ...more },
    })
  for (const claim of ['198.51.100.1', '198.51.100.2', '198.51.100.3'])
    assert.equal((await through(`${claim}, ${client}`)).statusCode, 200)
  assert.equal((await through(`198.51.100.4, ${client}`)).statusCode, 429)
  assert.equal((await through(client, { 'x-real-ip': '198.51.100.5' })).statusCode, 429)
  assert.equal((await through(client, { forwarded: 'for=198.51.100.5' })).statusCode, 429)
  assert.equal((await through(`198.51.100.4, ${client}, ${proxy}`)).statusCode, 429)
  assert.equal((await through('203.0.113.8')).statusCode, 200)

  const direct = await app.inject({
    url: '/things',
    remoteAddress: client,
    headers: { 'x-forwarded-for': '198.51.100.9' },
  })
  assert.equal(direct.statusCode, 429, 'a client that goes around the proxy is still the same client')
})

test('an IPv6 client gains nothing from the other addresses of its network', async t => {
  const { app } = await openApp(t)
  const from = async (remoteAddress: string) =>
    (await app.inject({ url: '/things', remoteAddress })).statusCode
  for (const host of [1, 2, 3]) assert.equal(await from(`2001:db8::${host}`), 200)
  assert.equal(await from('2001:db8::4'), 429)
  assert.equal(await from('2001:db8:0:1::4'), 200)
})

async function openApp(t: TestContext, trustProxy: string[] | false = false) {
  const clock = turnedClock(Date.UTC(2026, 10, 21, 12, 0, 15))
  const app: FastifyInstance = Fastify({
    trustProxy,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: false },
  })
  t.after(() => app.close())
  let bodiesRead = 0
  app.setErrorHandler((error, _request, reply) => {
    const problem = toProblem(error)
    if (problem.retryAfterSeconds !== undefined)
      reply.header('retry-after', String(problem.retryAfterSeconds))
    return reply.code(problem.status).send(problemBody(problem, 'roundhouse', 'r'))
  })
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) request.caller = whoIs(request)
    done()
  })
  registerLimits(app, { limits: createLimits({ counters: createMemoryCounters({ clock }) }) })
  app.addHook('preParsing', async request => {
    if (request.method === 'POST') bodiesRead += 1
  })
  app.route({ method: ['GET', 'POST', 'DELETE'], url: '/things', handler: async () => ({}) })
  app.get('/other/:id', async () => ({}))
  app.get('/broken', async () => {
    throw new Error('a bug')
  })
  app.get('/health', { config: { access: 'public' } }, async () => ({}))
  return { app, clock, bodiesRead: () => bodiesRead }
}

function whoIs(request: FastifyRequest): Caller {
  if (request.headers['x-api-key'] === 'service') return serviceCaller('service-key')
  return {
    role: 'anonymous',
    userId: null,
    credential: 'none',
    kind: 'none',
    scopes: new Set(['read']),
    plan: { ...unlimited, name: 'free', requests_per_minute: 3 },
    expiresAt: null,
    limitKey: `address:${networkOf(request.ip)}`,
  }
}
