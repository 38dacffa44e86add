import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import Fastify, { type FastifyInstance } from 'fastify'
import { bytesOf, compressed, readBodiesAsBytes } from './body.ts'
import { problemBody, toProblem } from './problems.ts'

const maxBytes = 10_000

/** Gives back the bytes of the body; `/long` and `/short` give text that may be compressed. */
async function openApp(scope: { after(callback: () => Promise<void>): void }): Promise<FastifyInstance> {
  const app = Fastify()
  scope.after(() => app.close())
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    return reply.code(problem.status).send(problemBody(problem, 'roundhouse', request.id))
  })
  await app.register(async inner => {
    readBodiesAsBytes(inner, maxBytes)
    inner.post('/', async (request, reply) => {
      const bytes = await bytesOf(request, reply, maxBytes)
      return reply.type('application/octet-stream').send(Buffer.from(bytes))
    })
  })
  for (const [url, text] of [
    ['/long', 'a'.repeat(2000)],
    ['/short', 'a'.repeat(1000)],
  ] as const)
    app.get(url, async (request, reply) => reply.send(await compressed(request, reply, text)))
  return app
}

const text = Buffer.from('the body, several times, the body')
const post = (app: FastifyInstance, payload: Buffer, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/', payload, headers })
const codeOf = (reply: { statusCode: number; json(): { code?: string } }) => [
  reply.statusCode,
  reply.json().code,
]

test('a body of any content type, or none, arrives as its bytes', async t => {
  const app = await openApp(t)
  for (const type of ['application/json', 'application/octet-stream', 'text/plain; charset=latin1'])
    assert.deepEqual((await post(app, text, { 'content-type': type })).rawPayload, text)
  assert.equal((await app.inject({ method: 'POST', url: '/' })).rawPayload.length, 0)
})

test('gzip and deflate are undone, whatever the case of their names, and identity is nothing', async t => {
  const app = await openApp(t)
  const bodies: [string, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['GZip ', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['identity', text],
    ['Identity', text],
  ]
  for (const [encoding, body] of bodies) {
    const reply = await post(app, body, { 'content-encoding': encoding })
    assert.deepEqual([reply.statusCode, reply.rawPayload.toString()], [200, text.toString()], encoding)
  }
})

test('a body that is not what its encoding says is refused', async t => {
  const app = await openApp(t)
  const broken = [text, gzipSync(text).subarray(0, -5), Buffer.alloc(0), deflateSync(text)]
  for (const body of broken)
    assert.deepEqual(codeOf(await post(app, body, { 'content-encoding': 'gzip' })), [400, 'invalid-request'])
  const reply = await post(app, gzipSync(text), { 'content-encoding': 'deflate' })
  assert.deepEqual(
    [codeOf(reply), reply.json().detail],
    [[400, 'invalid-request'], 'The body is not valid deflate.'],
  )
})

test('an encoding that is not known is refused with those that are', async t => {
  const app = await openApp(t)
  for (const encoding of ['br', 'zstd', 'gzip, gzip', 'compress']) {
    const reply = await post(app, brotliCompressSync(text), { 'content-encoding': encoding })
    assert.deepEqual(codeOf(reply), [415, 'unsupported-encoding'])
    assert.equal(reply.headers['accept-encoding'], 'gzip, deflate')
  }
})

test('a body past the limit is refused, sent as it is or unfolding from little', async t => {
  const app = await openApp(t)
  assert.deepEqual(codeOf(await post(app, Buffer.alloc(maxBytes + 1))), [413, 'payload-too-large'])
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  assert.deepEqual(
    codeOf(await post(app, gzipSync(Buffer.alloc(maxBytes + 1)), { 'content-encoding': 'gzip' })),
    [413, 'payload-too-large'],
  )
  assert.deepEqual(codeOf(await post(app, bomb.subarray(0, maxBytes), { 'content-encoding': 'gzip' })), [
    413,
    'payload-too-large',
  ])
  const most = await post(app, gzipSync(Buffer.alloc(maxBytes)), { 'content-encoding': 'gzip' })
  assert.equal(most.rawPayload.length, maxBytes)
})

test('an answer is compressed for whoever takes gzip, when it is long enough to be worth it', async t => {
  const app = await openApp(t)
  for (const accepted of ['gzip', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.2', 'gzip; q=1', 'GZIP']) {
    const reply = await app.inject({ url: '/long', headers: { 'accept-encoding': accepted } })
    assert.equal(reply.headers['content-encoding'], 'gzip', accepted)
    assert.equal(reply.headers.vary, 'Accept-Encoding')
    assert.equal(gunzipSync(reply.rawPayload).toString(), 'a'.repeat(2000))
  }
  const short = await app.inject({ url: '/short', headers: { 'accept-encoding': 'gzip' } })
  assert.deepEqual([short.headers['content-encoding'], short.body.length], [undefined, 1000])
})

test('an answer is never compressed for whoever refuses gzip, or does not name it', async t => {
  const app = await openApp(t)
  const refusals = ['gzip;q=0', 'gzip; q=0.000, br', 'br, gzip ; q=0', 'gzip;Q=0', 'br', 'identity', '']
  for (const accepted of refusals) {
    const reply = await app.inject({ url: '/long', headers: { 'accept-encoding': accepted } })
    assert.deepEqual([reply.headers['content-encoding'], reply.body.length], [undefined, 2000], accepted)
  }
})
