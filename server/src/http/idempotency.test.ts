import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { Problem, type ProblemCode } from '@roundhouse/sdk/contract'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import pg from 'pg'
import { z } from 'zod'
import { allScopes, type Caller, unlimited } from '../accounts/caller.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { createIdempotency } from '../idempotency/idempotency.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createSealer } from '../kit/seal.ts'
import { defer } from '../testing/defer.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { until } from '../testing/until.ts'
import { keepAnswer, registerIdempotency, replayedHeader, workIdOf } from './idempotency.ts'
import { problemBody, toProblem } from './problems.ts'

const file = { after }
const { adminUrl, database } = await openTestDatabase(file, { max: 4, systemMax: 4 })
const owner = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
await owner.connect()
defer(file, () => owner.end())

/** What the handler does next; each has its turn. */
type Turn = () => unknown
const shortMs = 150

/** Routes that do what they are told, and count how often. */
async function openApp(
  behind = database,
): Promise<{ app: FastifyInstance; turns: Turn[]; works: unknown[]; effects(): number }> {
  const app = Fastify()
  const turns: Turn[] = []
  const works: unknown[] = []
  let effects = 0
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async request => {
    const { 'x-user': userId } = request.headers
    request.caller = typeof userId === 'string' ? callerOf(userId) : callerOf(null)
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds)
    reply.code(problem.status).send(problemBody(problem, 'roundhouse', request.id))
  })
  registerIdempotency(app, {
    idempotency: createIdempotency({
      database: behind,
      sealer: createSealer('an encryption key of more than 32 characters'),
      ids: createIds(),
      clock: systemClock,
      log: silentLog,
    }),
    log: silentLog,
  })
  app.addContentTypeParser('application/x-parts', (_request, payload, done) => done(null, payload))
  const handle = async (request: FastifyRequest) => {
    effects++
    works.push(workIdOf(request))
    return (turns.shift() ?? (() => ({ effect: effects })))()
  }
  app.setValidatorCompiler(validatorCompiler)
  const body = z.object({ size: z.int() }).partial().nullable()
  app.post('/api/v1/things', { schema: { body } }, handle)
  app.post('/api/v1/things/:id/more', handle)
  app.post('/api/v1/short', { handlerTimeout: shortMs }, handle)
  app.post('/api/v1/public', { config: { access: 'public' } }, handle)
  app.post('/elsewhere', handle)
  app.post('/v2/models/:model/infer', async (request, reply) => {
    const made = await handle(request)
    reply.type('application/octet-stream').header('inference-header-content-length', '5')
    return Buffer.from(JSON.stringify(made))
  })
  app.post('/api/v1/late', { handlerTimeout: shortMs }, async (request, reply) => {
    const keep = keepAnswer(request, reply.code(201), (made: object) => made)
    await turns.shift()?.()
    await database.asSystem(async db => keep?.(db, { late: true }))
    return { late: true }
  })
  app.post('/api/v1/whole', async (request, reply) => {
    const made = { number: ++effects }
    const keep = keepAnswer(request, reply.code(201), ({ number }: typeof made) => ({
      number,
      at: Date.now(),
    }))
    await database.asSystem(async db => keep?.(db, made))
    await turns.shift()?.()
    return { number: made.number, at: Date.now() }
  })
  await app.ready()
  return { app, turns, works, effects: () => effects }
}

function callerOf(userId: string | null): Caller {
  return {
    role: userId === null ? 'anonymous' : 'member',
    userId,
    credential: 'session',
    kind: 'session',
    scopes: allScopes,
    plan: unlimited,
    expiresAt: null,
    limitKey: userId ?? '::1',
  }
}

/** Posts as a new user, always the same key. */
function asNewUser(app: FastifyInstance, url = '/api/v1/things') {
  const user = randomUUID()
  return async (
    more: { url?: string; payload?: unknown; key?: string; headers?: Record<string, string> } = {},
  ) => {
    const { key = 'k', payload = { size: 1 } } = more
    const reply = await app.inject({
      method: 'POST',
      url: more.url ?? url,
      payload: payload as object,
      headers: { 'x-user': user, 'idempotency-key': key, ...more.headers },
    })
    const { code } = reply.body.startsWith('{') ? reply.json() : { code: undefined }
    return { status: reply.statusCode, body: reply.body, headers: reply.headers, code }
  }
}

const refusing = (code: ProblemCode) => () => {
  throw new Problem(code, 'No.')
}

test('the same request under the same key is done once, and every later answer is the first, byte by byte', async () => {
  const { app, effects } = await openApp()
  const post = asNewUser(app)
  const first = await post()
  assert.deepEqual([first.status, first.headers[replayedHeader]], [200, undefined])
  for (const key of ['k', '"k"', ' "k" ']) {
    const again = await post({ key })
    assert.deepEqual([again.status, again.body, again.headers[replayedHeader]], [200, first.body, 'true'])
    assert.equal(again.headers['content-type'], first.headers['content-type'])
  }
  assert.equal(effects(), 1)
  assert.equal(
    (await asNewUser(app)()).headers[replayedHeader],
    undefined,
    'another user’s key is another key',
  )
  assert.equal(effects(), 2)
})

test('another body, query or thing under the same key is refused', async () => {
  const { app, effects } = await openApp()
  const post = asNewUser(app)
  await post()
  assert.equal((await post({ payload: { size: 2 } })).code, 'idempotency-mismatch')
  assert.equal((await post({ url: '/api/v1/things?a=1' })).status, 422)
  await post({ url: '/api/v1/things/1/more' })
  assert.equal((await post({ url: '/api/v1/things/2/more' })).status, 422)
  assert.equal(effects(), 2)
})

test('a body that flows is told apart by its length and type, whatever the boundary of its form is', async () => {
  const { app, effects } = await openApp()
  const post = asNewUser(app)
  const flow = (text: string, boundary: string) =>
    post({
      payload: Readable.from([text]),
      headers: {
        'content-type': `application/x-parts; boundary=${boundary}`,
        'content-length': `${text.length}`,
      },
    })
  assert.equal((await flow('12345', 'a')).status, 200)
  assert.equal((await flow('12345', 'b')).headers[replayedHeader], 'true')
  assert.equal((await flow('123456', 'a')).status, 422)
  assert.equal(effects(), 1)
})

test('a refusal is not kept: the key stays usable', async () => {
  const { app, turns, effects } = await openApp()
  const post = asNewUser(app)
  assert.equal((await post({ payload: { size: 'large' } })).status, 400)
  assert.equal(effects(), 0)
  const codes: ProblemCode[] = [
    'invalid-request',
    'insufficient-credits',
    'forbidden',
    'resource-not-found',
    'conflict',
    'rate-limited',
    'invalid-model',
  ]
  for (const code of codes) {
    turns.push(refusing(code))
    assert.equal((await post()).code, code)
  }
  const done = await post({ payload: { size: 3 } })
  assert.deepEqual([done.status, done.headers[replayedHeader]], [200, undefined])
  assert.equal(effects(), codes.length + 1)
})

test('neither an outage nor a bug is kept: the same request goes on with the same work, and no other has its key', async () => {
  const { app, turns, works } = await openApp()
  for (const url of ['/api/v1/things', '/v2/models/m/infer']) {
    const post = asNewUser(app, url)
    works.length = 0
    turns.push(() => {
      throw new Error('a bug')
    })
    const codes: ProblemCode[] = [
      'database-unavailable',
      'deadline-exceeded',
      'storage-full',
      'model-overloaded',
    ]
    turns.push(...codes.map(refusing))
    const statuses: number[] = []
    for (let times = 0; times <= codes.length; times++) statuses.push((await post()).status)
    assert.deepEqual(statuses, [500, 503, 504, 507, 503])
    assert.equal((await post({ payload: { size: 2 } })).status, 422)
    const done = await post()
    assert.deepEqual([done.status, done.headers[replayedHeader]], [200, undefined])
    assert.equal(works.length, 6)
    assert.equal(new Set(works).size, 1)
    assert.equal(typeof works[0], 'string')
    assert.equal((await post()).headers[replayedHeader], 'true')
  }
})

test('an inference under a key is answered with the same bytes and the length of their JSON', async () => {
  const { app, turns, works } = await openApp()
  const post = asNewUser(app, '/v2/models/m/infer')
  turns.push(refusing('insufficient-credits'))
  assert.equal((await post({ payload: { size: 2 } })).status, 402)
  const first = await post()
  const again = await post()
  for (const { status, headers } of [first, again])
    assert.deepEqual(
      [status, headers['content-type'], headers['inference-header-content-length']],
      [200, 'application/octet-stream', '5'],
    )
  assert.deepEqual([again.body, again.headers[replayedHeader]], [first.body, 'true'])
  assert.equal((await post({ key: '""' })).status, 400)
  assert.equal(works.length, 2)
  const plain = {
    method: 'POST',
    url: '/v2/models/m/infer',
    payload: {},
    headers: { 'x-user': 'ann' },
  } as const
  assert.equal((await app.inject(plain)).statusCode, 200)
  assert.deepEqual([works.length, works[2]], [3, undefined])
})

test('while the first is on its way the others are told to come back', async () => {
  const { app, turns } = await openApp()
  const post = asNewUser(app)
  const { promise, resolve } = Promise.withResolvers<object>()
  turns.push(() => promise)
  const first = post()
  await until(async () => {
    const { status, code, headers } = await post({ payload: { size: 1 } })
    return status === 409 && code === 'idempotency-running' && headers['retry-after'] === '1'
  }, 'it is refused')
  resolve({ late: true })
  assert.equal((await first).body, '{"late":true}')
  assert.equal((await post()).headers[replayedHeader], 'true')
})

test('what goes on after the time limit keeps its key until it ends, and is then not done again', async () => {
  const { app, turns, effects } = await openApp()
  for (const ends of ['well', 'badly'] as const) {
    const post = asNewUser(app, '/api/v1/short')
    const before = effects()
    const { promise, resolve, reject } = Promise.withResolvers<object>()
    turns.push(() => promise)
    assert.equal((await post()).code, 'request-timeout')
    assert.equal((await post()).code, 'idempotency-running')
    if (ends === 'well') resolve({})
    else reject(new Problem('conflict', 'No.'))
    const wanted = ends === 'well' ? 'idempotency-answer-lost' : undefined
    await until(async () => (await post()).code === wanted, `it ends ${ends}`)
    assert.equal(effects() - before, ends === 'well' ? 1 : 2)
  }
})

test('an effect that is stored with its answer after the time limit is answered from then on', async () => {
  const { app, turns } = await openApp()
  const post = asNewUser(app, '/api/v1/late')
  const { promise, resolve } = Promise.withResolvers<void>()
  turns.push(() => promise)
  assert.equal((await post()).code, 'request-timeout')
  resolve()
  await until(async () => (await post()).code !== 'idempotency-running', 'it ends')
  const { status, body } = await post()
  assert.deepEqual([status, body], [201, '{"late":true}'])
})

test('an answer that is being stored when the time limit comes is sent', async t => {
  const { app, turns } = await openApp()
  const post = asNewUser(app, '/api/v1/short')
  const locked = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
  await locked.connect()
  t.after(() => locked.end())
  turns.push(async () => {
    await locked.query(`begin; select from idempotency_keys where route = '/api/v1/short' for update`)
    setTimeout(() => void locked.query('commit'), 2 * shortMs)
    return { stored: true }
  })
  const first = await post()
  assert.deepEqual(
    [first.status, first.body, first.headers['retry-after']],
    [200, '{"stored":true}', undefined],
  )
  assert.equal((await post()).headers[replayedHeader], 'true')
})

test('an answer that was stored with its effect is the one that is sent, and holds though the call fails after it', async () => {
  const { app, turns } = await openApp()
  const post = asNewUser(app, '/api/v1/whole')
  const first = await post()
  assert.deepEqual([first.status, (await post()).body], [201, first.body])
  const failing = asNewUser(app, '/api/v1/whole')
  turns.push(refusing('database-unavailable'))
  assert.equal((await failing()).status, 503)
  const again = await failing()
  assert.deepEqual(
    [again.status, again.headers[replayedHeader], JSON.parse(again.body).number],
    [201, 'true', 2],
  )
})

test('what is no key is refused', async () => {
  const { app, effects } = await openApp()
  const post = asNewUser(app)
  const bad = ['', '""', '"open', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'ä', 'a\u0001b', '"a\\b"', '"a"b"']
  for (const key of bad) {
    const { status, code } = await post({ key })
    assert.deepEqual([key, status, code], [key, 400, 'invalid-request'])
  }
  assert.equal(effects(), 0)
  for (const key of ['x'.repeat(255), `"${'x'.repeat(254)}\\""`, 'a b, "c"'])
    assert.equal((await post({ key })).status, 200)
})

test('without the header no database is asked; with it and without a database nothing is done', async t => {
  const url = 'postgres://nobody@127.0.0.1:1/none'
  const away = openDatabase({ url, applicationName: 'rh-none', max: 1, systemMax: 1, log: silentLog })
  t.after(away.close)
  const { app, effects } = await openApp(away)
  assert.equal((await asNewUser(app)()).code, 'database-unavailable')
  const headers = { 'x-user': randomUUID() }
  for (const url of ['/api/v1/things', '/v2/models/m/infer'])
    assert.equal((await app.inject({ method: 'POST', url, payload: {}, headers })).statusCode, 200)
  assert.equal(effects(), 2)
})

test('the header counts only where a caller is known and something of Roundhouse is changed', async () => {
  const { app, effects } = await openApp()
  const post = asNewUser(app)
  const rows = async () => (await owner.query('select from idempotency_keys')).rowCount
  const before = await rows()
  for (const url of ['/api/v1/public', '/elsewhere'])
    for (let times = 0; times < 2; times++)
      assert.equal((await post({ url })).headers[replayedHeader], undefined)
  const anonymous = { method: 'POST', url: '/api/v1/things', payload: {} } as const
  for (let times = 0; times < 2; times++) {
    await app.inject({ ...anonymous, headers: { 'idempotency-key': 'k' } })
  }
  assert.deepEqual([effects(), await rows()], [6, before])
})
