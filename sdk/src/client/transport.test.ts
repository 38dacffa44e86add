import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Problem } from '../contract/problem.ts'
import { serve } from '../testing/serve.ts'
import { createClient } from './client.ts'
import { ConnectionError, UnexpectedReply } from './errors.ts'

const metrics = { hits: 3, misses: 1, hit_rate: 0.75, size: 2, ttl_seconds: 300, backend: 'memory' }
const busy = { error: 'Queue full.', code: 'model-overloaded', detail: 'price is busy.', request_id: 'r-1' }

/** Answers each request by the next listener, and by the last one from then on. */
async function serveInTurn(t: TestContext, ...listeners: RequestListener[]) {
  const requests: {
    method: string | undefined
    url: string | undefined
    atMs: number
    authorization?: string
  }[] = []
  const baseUrl = await serve(t, (request, response) => {
    const { method, url } = request
    const { authorization } = request.headers
    requests.push({ method, url, atMs: Date.now(), ...(authorization ? { authorization } : {}) })
    listeners[Math.min(requests.length, listeners.length) - 1]?.(request, response)
  })
  return { baseUrl, requests }
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

const dropped: RequestListener = request => request.socket.destroy()
const silent = (_request: IncomingMessage, _response: ServerResponse) => {}

test('a GET is tried again after a refusal, a gateway error and a broken connection', async t => {
  const refusal = json(503, busy, { 'retry-after': '0' })
  const { baseUrl, requests } = await serveInTurn(t, refusal, json(502, {}), dropped, json(200, metrics))
  assert.deepEqual(await createClient({ baseUrl }).cache.metrics(), metrics)
  assert.equal(requests.length, 4)
})

test('waits as long as Retry-After asks before the next try', async t => {
  const { baseUrl, requests } = await serveInTurn(
    t,
    json(429, busy, { 'retry-after': '1' }),
    json(200, metrics),
  )
  await createClient({ baseUrl }).cache.metrics()
  const [first, second] = requests
  // 5 ms: timers may fire a little early against the wall clock.
  assert((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 995)
})

test('gives the problem at once when Retry-After asks for more than a minute', async t => {
  const { baseUrl, requests } = await serveInTurn(
    t,
    json(429, { ...busy, code: 'rate-limited' }, { 'retry-after': '3600' }),
  )
  await assert.rejects(createClient({ baseUrl }).cache.metrics(), {
    code: 'rate-limited',
    retryAfterSeconds: 3600,
  })
  assert.equal(requests.length, 1)
})

test('stops after maxRetries with the last problem', async t => {
  const { baseUrl, requests } = await serveInTurn(t, json(503, busy, { 'retry-after': '0' }))
  await assert.rejects(createClient({ baseUrl, maxRetries: 2 }).cache.metrics(), { code: 'model-overloaded' })
  assert.equal(requests.length, 3)
})

test('a creation is tried again under the same key, whatever became of the first try, and until the first has ended', async t => {
  const keys: (string | string[] | undefined)[] = []
  const running = { ...busy, code: 'idempotency-running' }
  const reused = { ...busy, code: 'idempotency-mismatch' }
  const refusals = [dropped, json(502, {}), json(409, running, { 'retry-after': '0' }), json(422, reused)]
  const { baseUrl, requests } = await serveInTurn(
    t,
    ...refusals.map<RequestListener>(answer => (request, response) => {
      keys.push(request.headers['idempotency-key'])
      answer(request, response)
    }),
  )
  await assert.rejects(createClient({ baseUrl }).models.create({ name: 'price' }), {
    code: 'idempotency-mismatch',
  })
  assert.equal(requests.length, 4)
  assert.match(String(keys[0]), /^"[0-9a-f]{32}"$/)
  assert.equal(new Set(keys).size, 1)
  const given = createClient({ baseUrl }).models.create({ name: 'price' }, { idempotencyKey: 'a "b"' })
  await assert.rejects(given, Problem)
  assert.equal(keys[4], '"a \\"b\\""')
})

test('a change without a key is repeated when it was refused, never when its outcome is unknown', async t => {
  const refused = await serveInTurn(t, json(503, busy, { 'retry-after': '0' }), dropped)
  await assert.rejects(createClient(refused).models.validate('x'), ConnectionError)
  assert.equal(refused.requests.length, 2)

  const gateway = await serveInTurn(t, json(502, {}))
  await assert.rejects(createClient(gateway).models.validate('x'), Problem)
  assert.equal(gateway.requests.length, 1)
})

test('a change without a key is repeated only on a code that says nothing was done, a reading on every one that passes', async t => {
  const repeats = {
    'model-overloaded': true,
    'model-not-loaded': true,
    'rate-limited': true,
    'shutting-down': true,
    'database-unavailable': false,
    'request-timeout': false,
    'a-later-code': false,
  }
  for (const [code, repeated] of Object.entries(repeats)) {
    const refusal = json(503, { ...busy, code }, { 'retry-after': '0' })
    const changing = await serveInTurn(t, refusal)
    await assert.rejects(createClient({ ...changing, maxRetries: 1 }).models.validate('x'), Problem)
    assert.equal(changing.requests.length, repeated ? 2 : 1, code)
    const reading = await serveInTurn(t, refusal)
    await assert.rejects(createClient({ ...reading, maxRetries: 1 }).models.get('x'), Problem)
    assert.equal(reading.requests.length, 2, code)
  }
})

test('a change without a key is not repeated after the 503 of a proxy, whose reason nobody knows', async t => {
  for (const body of ['upstream reset', { error: 'Service Unavailable' }]) {
    const { baseUrl, requests } = await serveInTurn(t, json(503, body, { 'retry-after': '0' }))
    await assert.rejects(createClient({ baseUrl }).models.validate('x'), Problem)
    assert.equal(requests.length, 1)
  }
})

test('an inference that is refused under /v2, where there are no codes, is repeated', async t => {
  const { baseUrl, requests } = await serveInTurn(
    t,
    json(503, { error: 'Queue full.' }, { 'retry-after': '0' }),
  )
  const inputs = [{ name: 'x', datatype: 'FP32' as const, shape: [1], data: new Float32Array(1) }]
  await assert.rejects(createClient({ baseUrl, maxRetries: 1 }).inference.infer('price', { inputs }), Problem)
  assert.equal(requests.length, 2)
})

test('a problem that will not pass is not tried again', async t => {
  const { baseUrl, requests } = await serveInTurn(t, json(404, { ...busy, code: 'model-not-found' }))
  await assert.rejects(createClient({ baseUrl }).models.get('x'), { code: 'model-not-found', status: 404 })
  assert.equal(requests.length, 1)
})

test('an abort ends a call that waits for its reply, with the reason of the signal', async t => {
  const controller = new AbortController()
  const reason = new Error('the page was left')
  const { baseUrl } = await serveInTurn(t, () => controller.abort(reason))
  await assert.rejects(createClient({ baseUrl }).cache.metrics({ signal: controller.signal }), reason)
})

test('an abort ends the wait before the next try', async t => {
  const controller = new AbortController()
  const { baseUrl, requests } = await serveInTurn(t, (request, response) => {
    response.on('close', () => setImmediate(() => controller.abort(new Error('enough'))))
    json(503, busy, { 'retry-after': '50' })(request, response)
  })
  await assert.rejects(createClient({ baseUrl }).cache.metrics({ signal: controller.signal }), {
    message: 'enough',
  })
  assert.equal(requests.length, 1)
})

test('a call that was aborted before it began sends nothing', async t => {
  const { baseUrl, requests } = await serveInTurn(t, json(200, metrics))
  await assert.rejects(createClient({ baseUrl }).cache.metrics({ signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
  assert.equal(requests.length, 0)
})

test('each try has its own time, the reading of the body included', async t => {
  const halfBody: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{')
  }
  const { baseUrl, requests } = await serveInTurn(t, silent, halfBody)
  const call = createClient({ baseUrl, timeoutMs: 50, maxRetries: 1 }).cache.metrics()
  await assert.rejects(call, (error: unknown) => {
    assert(error instanceof ConnectionError)
    assert.equal(error.reason, 'timeout')
    assert.match(error.message, /GET .*\/api\/v1\/cache\/metrics was not answered within 50 ms/)
    return true
  })
  assert.equal(requests.length, 2)
})

test('an absent server is named with the reason, and is tried again even for a creation', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  server.close()
  await once(server, 'close')
  let tries = 0
  const token = () => `rh_${++tries}`
  const client = createClient({ baseUrl: `http://127.0.0.1:${address.port}`, token, maxRetries: 1 })
  await assert.rejects(client.models.create({ name: 'price' }), (error: unknown) => {
    assert(error instanceof ConnectionError)
    assert.equal(error.reason, 'unreachable')
    assert.match(error.message, /POST http:.*\/api\/v1\/models got no reply: connect ECONNREFUSED/)
    return true
  })
  assert.equal(tries, 2)
})

test('a problem carries code, status, sentence, request id and Retry-After of the reply', async t => {
  const { baseUrl } = await serveInTurn(t, json(503, busy, { 'retry-after': '7' }))
  await assert.rejects(createClient({ baseUrl, maxRetries: 0 }).cache.metrics(), {
    name: 'Problem',
    code: 'model-overloaded',
    status: 503,
    message: 'price is busy.',
    requestId: 'r-1',
    retryAfterSeconds: 7,
  })
})

test('a protocol error, an unknown code and the page of a proxy become problems by their status', async t => {
  const id = { 'x-request-id': 'r-2' }
  const { baseUrl } = await serveInTurn(
    t,
    json(404, { error: 'no model "iris"' }, id),
    json(402, {
      error: 'Out of credits.',
      code: 'of-a-later-version',
      detail: 'Balance 0.',
      request_id: 'r-3',
    }),
    (_request, response) => void response.writeHead(413).end('<html>'),
  )
  const client = createClient({ baseUrl })
  const missing = { code: 'model-not-found', message: 'no model "iris"', requestId: 'r-2' }
  await assert.rejects(client.inference.metadata('iris'), missing)
  await assert.rejects(client.models.get('x'), {
    code: 'invalid-request',
    message: 'Balance 0.',
    requestId: 'r-3',
  })
  await assert.rejects(client.models.get('x'), { code: 'payload-too-large', message: /status 413/ })
})

test('a reply that is not of the documented form is refused with the place', async t => {
  const page: RequestListener = (_request, response) => void response.end('<html>')
  const { baseUrl, requests } = await serveInTurn(t, json(200, { ...metrics, hits: 'many' }), page)
  const client = createClient({ baseUrl })
  await assert.rejects(client.cache.metrics(), (error: unknown) => {
    assert(error instanceof UnexpectedReply)
    assert.match(error.message, /GET \/api\/v1\/cache\/metrics is not of the documented form \(hits: /)
    return true
  })
  await assert.rejects(client.cache.metrics(), /is not JSON/)
  assert.equal(requests.length, 2)
})

test('a token is sent as a bearer credential, and asked for anew before each try', async t => {
  let tokens = 0
  const { baseUrl, requests } = await serveInTurn(
    t,
    json(503, busy, { 'retry-after': '0' }),
    json(200, metrics),
  )
  await createClient({ baseUrl, token: () => `rh_${++tokens}\n` }).cache.metrics()
  assert.deepEqual(
    requests.map(request => request.authorization),
    ['Bearer rh_1', 'Bearer rh_2'],
  )
})
