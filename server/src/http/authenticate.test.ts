import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import { allScopes, type Caller, serviceCaller, unlimited } from '../accounts/caller.ts'
import { createThrottle } from '../accounts/throttle.ts'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import { callerOf, registerAuthentication } from './authenticate.ts'
import { problemBody, toProblem } from './problems.ts'

const key = 'a-service-role-key-of-more-than-32-characters'
const service = serviceCaller('service-role-key')
const member: Caller = {
  role: 'member',
  userId: '0190a6f0-0000-7000-8000-000000000001',
  credential: 's',
  kind: 'session',
  scopes: allScopes,
  plan: unlimited,
  expiresAt: null,
  limitKey: 'user',
}
const known: Record<string, Caller> = {
  [key]: service,
  session: member,
  'predict-only': { ...member, scopes: new Set(['predict']) },
  admin: { ...member, role: 'admin' },
  house: { ...service, kind: 'api-key' },
}

const accounts: Accounts = {
  identify: credential => (credential === 'session' ? Promise.resolve(member) : known[credential]),
  identifyFromMemory: credential => known[credential],
  wasGood: credential => credential === 'session',
  identifyBackend: secret =>
    secret === 'backend' ? { ...service, kind: 'backend-secret', scopes: new Set(['agents']) } : undefined,
  owner: () => assert.fail('not asked here'),
  anonymous: address => ({ ...member, role: 'anonymous', userId: null, kind: 'none', limitKey: address }),
  me: () => assert.fail('not asked here'),
  assertDefaultPlan: async () => {},
  changed: async () => {},
  close: async () => {},
}

async function openApp(scope: { after(callback: () => Promise<void>): void }) {
  const app: FastifyInstance = Fastify()
  const counters = createMemoryCounters()
  scope.after(async () => {
    await app.close()
    await counters.close()
  })
  let bodiesRead = 0
  app.setErrorHandler((error, _request, reply) => {
    const problem = toProblem(error)
    return reply.code(problem.status).send(problemBody(problem, 'roundhouse', 'r'))
  })
  registerAuthentication(app, {
    accounts,
    throttle: createThrottle({ counters }),
    sessionTokenFromCookie: header => /signed=(\w+)/.exec(header)?.[1],
    trustedOrigins: ['https://app.example.com'],
  })
  app.addHook('preParsing', async () => {
    bodiesRead += 1
  })
  const who = async (request: { caller: Caller | undefined }) => ({ role: request.caller?.role ?? null })
  app.post('/closed', who)
  app.get('/read', who)
  app.get('/admin', { config: { access: 'admin', scopes: ['admin'] } }, who)
  app.post('/anyone', { config: { access: 'anyone', scopes: ['predict'] } }, who)
  app.post('/agents', { config: { scopes: ['agents'] } }, who)
  app.post('/backend', { config: { scopes: ['agents'], forBackends: true } }, who)
  app.get('/open', { config: { access: 'public' } }, who)
  app.get('/careless', { config: { access: 'public' } }, async request => callerOf(request))
  async function ask(
    headers: Record<string, string>,
    url = '/closed',
    method: 'GET' | 'POST' = 'POST',
  ): Promise<[number, string | null]> {
    const body = method === 'POST' ? { payload: { a: 1 } } : {}
    const reply = await app.inject({ method, url, headers, ...body })
    return [reply.statusCode, reply.json().code ?? reply.json().role]
  }
  return { app, ask, bodiesRead: () => bodiesRead }
}

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

test('a credential is taken as a bearer token or as x-api-key', async t => {
  const { ask } = await openApp(t)
  const forms: Record<string, string>[] = [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer  ${key} ` },
    { 'x-api-key': key },
  ]
  for (const headers of forms) assert.deepEqual(await ask(headers), [200, 'service'])
  assert.deepEqual(await ask(bearer('session')), [200, 'member'])
})

test('without a valid credential it is 401, in the same words, and no byte of the body is read', async t => {
  const { ask, bodiesRead } = await openApp(t)
  for (const headers of [
    {},
    { authorization: `Basic ${key}` },
    { authorization: key },
    { authorization: 'Bearer' },
    { authorization: `Bearer ${key} x` },
    { 'x-api-key': 'wrong' },
    { 'x-api-key': '' },
    { 'x-railway-secret': 'wrong' },
    { cookie: 'signed=unknown' },
    { cookie: 'other=session' },
  ] as Record<string, string>[]) {
    assert.deepEqual(await ask({ ...headers, 'sec-fetch-site': 'same-origin' }), [401, 'unauthenticated'])
  }
  assert.equal(bodiesRead(), 0)
})

test('a header decides before a cookie, and a bad one is not mended by a good cookie', async t => {
  const { ask } = await openApp(t)
  const cookie = { cookie: 'signed=session', 'sec-fetch-site': 'same-origin' }
  assert.deepEqual(await ask(cookie), [200, 'member'])
  assert.deepEqual(await ask({ ...cookie, ...bearer('wrong') }), [401, 'unauthenticated'])
})

test('a change by cookie comes from a page of this server or of a listed origin, or is refused', async t => {
  const { ask } = await openApp(t)
  const cookie = { cookie: 'signed=session' }
  const from: [Record<string, string>, number][] = [
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }, 200],
    [{}, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'https://app.example.com.evil.example' }, 403],
    [{ origin: 'https://evil-app.example.com', 'content-type': 'text/plain' }, 403],
  ]
  for (const [headers, status] of from)
    assert.equal((await ask({ ...cookie, ...headers }))[0], status, JSON.stringify(headers))
  assert.deepEqual(await ask(cookie, '/read', 'GET'), [200, 'member'])
})

test('the service-role key and the backend secret are refused from browsers', async t => {
  const { ask } = await openApp(t)
  for (const sign of [{ origin: 'https://app.example.com' }, { 'sec-fetch-site': 'same-origin' }]) {
    assert.deepEqual(await ask({ ...bearer(key), ...sign }), [403, 'browser-refused'])
    assert.deepEqual(await ask({ ...bearer('house'), ...sign }), [403, 'browser-refused'])
    assert.deepEqual(await ask({ ...bearer(key), ...sign }, '/open', 'GET'), [200, null])
    assert.deepEqual(await ask({ 'x-railway-secret': 'backend', ...sign }, '/agents'), [
      403,
      'browser-refused',
    ])
    assert.deepEqual(await ask({ ...bearer('session'), ...sign }), [200, 'member'])
  }
})

test('the backend secret opens the door of backends and nothing else', async t => {
  const { ask } = await openApp(t)
  const secret = { 'x-railway-secret': 'backend' }
  assert.deepEqual(await ask(secret, '/backend'), [200, 'service'])
  assert.deepEqual(await ask(secret, '/agents'), [403, 'forbidden'])
  assert.deepEqual(await ask(secret), [403, 'forbidden'])
  assert.deepEqual(await ask(secret, '/admin', 'GET'), [403, 'forbidden'])
})

test('a credential does what its scopes say, and only administrators administrate', async t => {
  const { ask } = await openApp(t)
  assert.deepEqual(await ask(bearer('predict-only'), '/anyone'), [200, 'member'])
  assert.deepEqual(await ask(bearer('predict-only')), [403, 'forbidden'])
  assert.deepEqual(await ask(bearer('predict-only'), '/read', 'GET'), [403, 'forbidden'])
  assert.deepEqual(await ask(bearer('session'), '/admin', 'GET'), [403, 'forbidden'])
  assert.deepEqual(await ask(bearer('admin'), '/admin', 'GET'), [200, 'admin'])
})

test('where anyone may ask, no credential is an anonymous caller and a bad one is refused', async t => {
  const { ask } = await openApp(t)
  assert.deepEqual(await ask({}, '/anyone'), [200, 'anonymous'])
  assert.deepEqual(await ask(bearer('wrong'), '/anyone'), [401, 'unauthenticated'])
})

test('a public route asks for no credential and ignores one that is not valid', async t => {
  const { app, ask } = await openApp(t)
  assert.deepEqual(await ask({}, '/open', 'GET'), [200, null])
  assert.deepEqual(await ask(bearer('wrong'), '/open', 'GET'), [200, null])
  assert.deepEqual(await ask(bearer(key), '/open', 'GET'), [200, 'service'])
  assert.equal((await app.inject('/careless')).statusCode, 401)
})

test('after 60 invalid credentials in a minute an address is told to wait', async t => {
  const { ask } = await openApp(t)
  const statuses = new Set<number>()
  for (let guess = 0; guess < 130; guess++) statuses.add((await ask(bearer(`guess-${guess}`)))[0])
  assert.deepEqual([...statuses], [401, 429])
  // Whoever was let in before goes on; others at this address wait.
  assert.deepEqual(await ask(bearer('session')), [200, 'member'])
  assert.deepEqual(await ask(bearer('admin')), [429, 'rate-limited'])
})
