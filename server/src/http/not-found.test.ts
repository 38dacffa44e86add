import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { registerNotFound } from './not-found.ts'
import { problemBody, toProblem } from './problems.ts'

async function openApp(scope: { after(callback: () => Promise<void>): void }): Promise<FastifyInstance> {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
  scope.after(() => app.close())
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    return reply.code(problem.status).send(problemBody(problem, 'roundhouse', request.id))
  })
  registerNotFound(app, { consoleFolder: '/nowhere' })
  const answer = async () => 'here'
  app.get('/models', answer)
  app.post('/models', answer)
  await app.register(
    async inner => {
      inner.delete('/:id', answer)
      inner.patch('/:id', answer)
      inner.post('/:id/load', answer)
    },
    { prefix: '/models' },
  )
  app.get('/models/by-name/:name', answer)
  app.get('/v2/file.json', answer)
  app.get('/pages/*', answer)
  return app
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS'

test('405 with what is allowed where the path exists for other methods', async t => {
  const app = await openApp(t)
  const cases: [Method, string, string][] = [
    ['DELETE', '/models', 'GET, HEAD, POST'],
    ['PUT', '/models/', 'GET, HEAD, POST'],
    ['PUT', '/models?limit=3', 'GET, HEAD, POST'],
    ['GET', '/models/7', 'DELETE, PATCH'],
    ['GET', '/models/7%2F8', 'DELETE, PATCH'],
    ['GET', '/models/7/load', 'POST'],
    ['POST', '/models/by-name/price', 'GET, HEAD'],
    ['POST', '/v2/file.json', 'GET, HEAD'],
    ['POST', '/pages/a/b', 'GET, HEAD'],
    ['OPTIONS', '/models', 'GET, HEAD, POST'],
  ]
  for (const [method, url, allow] of cases) {
    const reply = await app.inject({ method, url })
    assert.deepEqual([reply.statusCode, reply.headers.allow], [405, allow], `${method} ${url}`)
    assert.equal(reply.json().code, 'method-not-allowed')
    assert.equal(reply.json().detail, `${method} is not possible here; ${allow} is.`)
  }
})

test('404 with the path, without its query, where nothing is', async t => {
  const app = await openApp(t)
  for (const path of [
    '/',
    '/model',
    '/models/7/load/more',
    '/v2/fileXjson',
    '/pagesX',
    '/models/by-name/a/b',
  ]) {
    const reply = await app.inject({ method: 'GET', url: `${path}?key=secret` })
    assert.equal(reply.statusCode, 404, path)
    assert.deepEqual([reply.json().code, reply.json().detail], ['not-found', `Nothing is served at ${path}.`])
    assert.equal(reply.headers.allow, undefined)
  }
})

test('a very long path is not repeated in full', async t => {
  const app = await openApp(t)
  const reply = await app.inject({ method: 'GET', url: `/${'a'.repeat(5000)}` })
  assert.equal(reply.statusCode, 404)
  assert.ok(reply.json().detail.length < 300)
})
