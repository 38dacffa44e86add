import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { createAccounts } from '../accounts/accounts.ts'
import { callerOf, registerAuthentication } from './authenticate.ts'
import { problemBody, toProblem } from './problems.ts'

const key = 'a-service-role-key-of-more-than-32-characters'

async function openApp(scope: { after(callback: () => Promise<void>): void }) {
  const app: FastifyInstance = Fastify()
  scope.after(() => app.close())
  let bodiesRead = 0
  app.setErrorHandler((error, _request, reply) => {
    const problem = toProblem(error)
    return reply.code(problem.status).send(problemBody(problem, 'roundhouse', 'r'))
  })
  registerAuthentication(app, { accounts: createAccounts({ serviceRoleKey: key }) })
  app.addHook('preParsing', async () => {
    bodiesRead += 1
  })
  app.post('/closed', async request => callerOf(request))
  app.get('/open', { config: { public: true } }, async request => ({ caller: request.caller ?? null }))
  app.get('/careless', { config: { public: true } }, async request => callerOf(request))
  const ask = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: '/closed', headers, payload: { a: 1 } })
  return { app, ask, bodiesRead: () => bodiesRead }
}

test('the key is taken as a bearer token or as x-api-key', async t => {
  const { ask } = await openApp(t)
  const forms: Record<string, string>[] = [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer  ${key} ` },
    { 'x-api-key': key },
  ]
  for (const headers of forms) {
    const reply = await ask(headers)
    assert.deepEqual([reply.statusCode, reply.json()], [200, { kind: 'service', userId: null }])
  }
})

test('every key that is not valid gets the very same answer, before its body is read', async t => {
  const { ask, bodiesRead } = await openApp(t)
  const wrong: Record<string, string>[] = [
    { authorization: 'Bearer x' },
    { authorization: `Bearer ${key.slice(0, -1)}` },
    { authorization: `Bearer ${key}x` },
    { authorization: `Bearer ${key} ${key}` },
    { authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` },
    { authorization: key },
    { authorization: '' },
    { authorization: 'Bearer wrong', 'x-api-key': key },
    { 'x-api-key': '' },
    { 'x-api-key': `${key}, ${key}` },
  ]
  const replies = await Promise.all(wrong.map(ask))
  for (const [index, reply] of replies.entries()) {
    assert.equal(reply.statusCode, 401, JSON.stringify(wrong[index]))
    assert.equal(reply.body, replies[0]?.body)
    assert.equal(reply.headers['www-authenticate'], 'Bearer realm="roundhouse"')
  }
  assert.match(replies[0]?.json().detail, /^The key is not valid/)
  assert.equal(bodiesRead(), 0)
})

test('without any key the answer says how to send one', async t => {
  const { ask } = await openApp(t)
  const reply = await ask({})
  assert.deepEqual([reply.statusCode, reply.json().code], [401, 'unauthenticated'])
  assert.match(reply.json().detail, /Authorization: Bearer <key>, or x-api-key/)
})

test('public paths, and paths that are not there, ask for no key', async t => {
  const { app } = await openApp(t)
  assert.deepEqual((await app.inject('/open')).json(), { caller: null })
  assert.equal((await app.inject('/nowhere')).statusCode, 404)
})

test('a handler that needs a caller refuses even where its route was made public by mistake', async t => {
  const { app } = await openApp(t)
  assert.equal((await app.inject('/careless')).statusCode, 401)
})
