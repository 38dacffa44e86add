import assert from 'node:assert/strict'
import { readdir, readlink } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { failingModel, loopModel, mlpModel, stringModel } from '../src/testing/onnx/models.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { deployedKeys } from './deployed.ts'
import { onLinux, until } from './processes.ts'
import { type LogLine, startServer, uploadForm } from './server.ts'

// As deployed, with limits that a test can reach.
const file = { after }
const key = 'canary-key-canary-key-canary-key-canary-key'
const server = await startServer(file, {
  env: {
    ENVIRONMENT: 'production',
    ...deployedKeys,
    SERVICE_ROLE_KEY: key,
    DATABASE_URL: (await testDatabase(file)).adminUrl,
    CORS_ORIGINS: 'https://app.example.com,https://two.example.com:8443',
    DRAIN_SECONDS: '5',
    MODEL_LANES: '1',
    MAX_MODEL_SIZE_BYTES: String(1024 * 1024),
    MAX_PREDICT_BODY_BYTES: String(64 * 1024),
  },
})
const digits = (await server.call('GET', '/api/v1/models/by-name/digits/latest')).body
const predictPath = `/api/v1/models/${digits.id}/predict`
const inputData = { pixels: [Array.from({ length: 64 }, (_, index) => index % 17)] }
const json = { 'content-type': 'application/json' }

test('every request gives one line with who, what, how it ended and how long it took', async () => {
  const body = JSON.stringify({ input_data: inputData })
  const requests: [string, string, RequestInit, number][] = [
    ['GET', '/api/v1/live', {}, 200],
    ['GET', '/api/v1/ready?token=canary-in-query', {}, 200],
    ['GET', '/api/v1/models', {}, 200],
    ['GET', '/api/v1/models', { headers: { authorization: 'Bearer canary-wrong-key' } }, 401],
    ['GET', '/nothing/here', {}, 404],
    ['DELETE', '/api/v1/live', {}, 405],
    ['POST', '/api/v1/models', { headers: json, body: '{"canary-in-body' }, 400],
    ['POST', predictPath, { headers: json, body }, 201],
    ['POST', predictPath, { headers: json, body: '{"input_data":{"canary-input":[1]}}' }, 400],
    ['POST', '/v2/models/none/infer', { headers: json, body: '{}' }, 404],
    ['GET', '/docs', {}, 200],
    ['HEAD', '/api/v1/models', {}, 200],
    [
      'OPTIONS',
      '/api/v1/models',
      { headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' } },
      204,
    ],
  ]
  for (const [index, [method, path, init, status]] of requests.entries()) {
    const headers = { ...init.headers, 'x-request-id': `one-line-${index}` }
    const response = await server.fetch(path, { ...init, method, headers, redirect: 'manual' })
    await response.arrayBuffer()
    assert.equal(response.status, status, `${method} ${path}`)
    assert.equal(response.headers.get('x-request-id'), `one-line-${index}`)
  }
  await sendRaw('GET /%zz HTTP/1.1\r\nhost: x\r\nx-request-id: one-line-bad\r\nconnection: close\r\n\r\n')

  await until('all are logged', () => lineOf('one-line-bad') !== undefined)
  for (const [index, [method, path, , status]] of requests.entries()) {
    const logged: Record<string, unknown> = lineOf(`one-line-${index}`) ?? {}
    const { ts, duration_ms: durationMs, ...line } = logged
    assert.deepEqual(line, {
      level: 'info',
      event: 'request-end',
      request_id: `one-line-${index}`,
      method,
      path: path.split('?')[0],
      status,
      user_id: null,
    })
    assert.ok(Math.abs(Date.now() - Date.parse(String(ts))) < 60_000)
    assert.ok(typeof durationMs === 'number' && durationMs > 0 && durationMs < 60_000)
  }
  assert.equal(lineOf('one-line-bad')?.status, 400)
})

test('a request id that could harm a header or a log is replaced by a new one', async () => {
  for (const id of ['a b', 'x'.repeat(129), '', 'caf\u00e9', 'a;b', '"},{"', '$(id)']) {
    const response = await server.fetch('/api/v1/live', { headers: { 'x-request-id': id } })
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, JSON.stringify(id))
  }
  const longest = 'Az09._-'.repeat(18).slice(0, 128).padEnd(128, 'x')
  const response = await server.fetch('/api/v1/live', { headers: { 'x-request-id': longest } })
  assert.equal(response.headers.get('x-request-id'), longest)

  const injected = await sendRaw(
    'GET /api/v1/live HTTP/1.1\r\nhost: x\r\nx-request-id: a\rset-cookie: evil=1\r\nconnection: close\r\n\r\n',
  )
  assert.match(injected, /^HTTP\/1\.1 400 /)
  assert.ok(!injected.includes('evil'))
  const megabyte = await sendRaw(
    `GET /api/v1/live HTTP/1.1\r\nhost: x\r\nx-request-id: ${'a'.repeat(1024 * 1024)}\r\n\r\n`,
  )
  assert.match(megabyte, /^HTTP\/1\.1 431 /)
})

test('headers over 32 KiB are answered 431 in our own shape, and 31 KiB are fine', async () => {
  const request = (sizeBytes: number) =>
    sendRaw(
      `GET /api/v1/live HTTP/1.1\r\nhost: x\r\nx-pad: ${'a'.repeat(sizeBytes)}\r\nconnection: close\r\n\r\n`,
    )
  assert.match(await request(31 * 1024), /^HTTP\/1\.1 200 /)
  const refused = await request(40 * 1024)
  assert.match(refused, /^HTTP\/1\.1 431 /)
  assert.equal(JSON.parse(refused.split('\r\n\r\n')[1] ?? '').code, 'headers-too-large')
})

test('a model load tells how long it took, and one that is refused leaves no line that blames us', async () => {
  const [load] = server.log('model-load')
  assert.equal(load?.model, 'digits@1')
  assert.ok(Number(load?.load_ms) > 0)
  const response = await server.fetch('/api/v1/models', {
    method: 'POST',
    body: uploadForm('broken', new Uint8Array(100)),
  })
  assert.equal(response.status, 422)
  assert.equal(server.log('request-fail').length, 0)
})

test('the metrics tell latency by route and status, the cache, the queue and the connections', async () => {
  await server.predict(String(digits.id), inputData)
  await server.predict(String(digits.id), inputData)
  const text = await metrics()
  assert.match(
    text,
    /^roundhouse_http_request_duration_seconds_count\{method="POST",route="\/api\/v1\/models\/:id\/predict",status="201"\} [1-9]/m,
  )
  assert.match(text, /^roundhouse_http_request_duration_seconds_count\{[^}]*status="401"\} [1-9]/m)
  assert.match(text, /^roundhouse_http_request_duration_seconds_bucket\{le="0\.01",/m)
  assert.match(text, /^roundhouse_cache_hits [1-9]/m)
  assert.match(text, /^roundhouse_cache_misses [1-9]/m)
  assert.match(text, /^roundhouse_cache_hit_rate 0\.\d+/m)
  assert.match(text, /^roundhouse_model_queue_requests\{model="digits",version="1"\} 0$/m)
  assert.match(text, /^roundhouse_model_run_duration_seconds_count\{model="digits",version="1"\} [1-9]/m)
  assert.match(text, /^roundhouse_database_connections\{state="idle"\} [1-9]/m)
  assert.match(text, /^process_resident_memory_bytes [1-9]/m)
  assert.ok(!text.includes(String(digits.id)), 'no id is a label')
})

test('only pages of the listed origins may call, exactly as written', async () => {
  const allowed = async (origin: string) => {
    const response = await server.fetch('/api/v1/models', { headers: { origin } })
    assert.match(response.headers.get('vary') ?? '', /origin/i)
    return response.headers.get('access-control-allow-origin')
  }
  assert.equal(await allowed('https://app.example.com'), 'https://app.example.com')
  assert.equal(await allowed('https://two.example.com:8443'), 'https://two.example.com:8443')
  const strangers = [
    'null',
    'http://app.example.com',
    'https://app.example.com.evil.test',
    'https://evilapp.example.com',
    'https://two.example.com',
    'https://APP.example.com',
  ]
  for (const origin of strangers) assert.equal(await allowed(origin), null, origin)
  const preflight = await fetch(`${server.url}${predictPath}`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.example.com')
})

test('bodies over their limit are answered 413, whatever they say of their length', async () => {
  const post = (
    path: string,
    body: NonNullable<RequestInit['body']>,
    headers: Record<string, string> = json,
  ) => server.fetch(path, { method: 'POST', headers, body })
  const code = async (response: Response) => `${response.status} ${JSON.parse(await response.text()).code}`
  const tooLarge = '413 payload-too-large'
  const zeros = (values: number) => `{"input_data":{"pixels":[[${'0,'.repeat(values)}0]]}}`
  assert.equal(
    await code(
      await post('/api/v1/models', JSON.stringify({ name: 'x', description: 'y'.repeat(1024 * 1024) })),
    ),
    tooLarge,
  )
  assert.equal(await code(await post(predictPath, zeros(40_000))), tooLarge)
  const bomb = new Uint8Array(gzipSync(zeros(1_000_000)))
  assert.ok(bomb.byteLength < 64 * 1024)
  assert.equal(await code(await post(predictPath, bomb, { ...json, 'content-encoding': 'gzip' })), tooLarge)
  const file = uploadForm('large', new Uint8Array(1024 * 1024 + 1))
  const upload = await server.fetch('/api/v1/models', { method: 'POST', body: file })
  assert.equal(await code(upload), tooLarge)

  const chunk = `${(4096).toString(16)}\r\n${' '.repeat(4096)}\r\n`
  const endless = await sendRaw(
    `POST ${predictPath} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
  )
  assert.match(endless, /^HTTP\/1\.1 413 /)
  assert.equal((await server.predict(String(digits.id), inputData)).status, 201)
})

test('JSON that is nested 10,000 levels deep or tries to change a prototype is refused at once', async () => {
  const bodies = [
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    '{"name":"x","__proto__":{"status":"ready"}}',
    '{"name":"x","constructor":{"prototype":{"a":1}}}',
    '{"name":"x","unknown":1}',
  ]
  for (const body of bodies) {
    for (const path of ['/api/v1/models', predictPath, '/v2/models/digits/infer']) {
      const startedAt = performance.now()
      const response = await server.fetch(path, { method: 'POST', headers: json, body })
      assert.equal(response.status, 400, `${path} ${body.slice(0, 40)}: ${await response.text()}`)
      assert.ok(performance.now() - startedAt < 500)
    }
  }
})

test('a client that goes away gets its queued prediction dropped before it costs anything', async () => {
  const model = await server.push('loop', loopModel())
  const probe = await server.predict(model.id, { times: 20_000, x: [0, 0] })
  const times = Math.round(20_000 * (1500 / Math.max(1, Number(probe.body.inference_time_ms))))
  const running = server.predict(model.id, { times, x: [1, 0] })
  const leaving = new AbortController()
  const queued = server.fetch(`/api/v1/models/${model.id}/predict`, {
    method: 'POST',
    headers: { ...json, 'x-request-id': 'gone-away' },
    body: JSON.stringify({ input_data: { times, x: [2, 0] } }),
    signal: leaving.signal,
  })
  await until('it waits', async () => (await waiting('loop')) === 1)
  leaving.abort()
  await assert.rejects(queued, { name: 'AbortError' })
  await until('it is dropped', async () => (await waiting('loop')) === 0, 1000)
  await until('it is logged', () => lineOf('gone-away') !== undefined)
  const line = lineOf('gone-away')
  assert.equal(line?.status, 499)
  assert.ok(Number(line?.duration_ms) > 0)
  assert.equal((await running).status, 201)
  const { body } = await server.call('GET', `/api/v1/models/${model.id}/predictions`)
  const inputs = (body.data as { input_data: { x: number[] } }[]).map(row => row.input_data.x[0])
  assert.deepEqual(inputs, [1, 0])
})

test(
  '200 connections that never finish their headers are gone within 13 s, and meanwhile others are served',
  onLinux,
  async t => {
    const before = await socketsOf(server.pid)
    const startedAt = performance.now()
    const slow = await Promise.all(Array.from({ length: 200 }, openSlowly))
    t.after(() => slow.forEach(socket => void socket.destroy()))
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x-drip: 1\r\n')
    }, 1000)
    t.after(() => clearInterval(drip))
    await until('they are all accepted', async () => (await socketsOf(server.pid)) >= before + 200, 5000)
    await until(
      'the slow connections are gone',
      async () => {
        const askedAt = performance.now()
        assert.equal((await server.predict(String(digits.id), inputData, { skip_cache: true })).status, 201)
        assert.ok(performance.now() - askedAt < 1000)
        return (await socketsOf(server.pid)) <= before + 5
      },
      14_000,
    )
    assert.ok(performance.now() - startedAt < 13_500)
  },
)

test('nothing it wrote holds a key or what users send, and every line is JSON', async () => {
  const words = await server.push('words', stringModel())
  await server.predict(words.id, { word: ['canary-of-a-user'] })
  const failing = await server.push('failing', failingModel())
  assert.equal((await server.predict(failing.id, { index: [987654321] })).status, 500)
  await server.push('canary-name-is-fine', mlpModel({ inputs: 2, hidden: 2, outputs: 2, seed: 1 }), {
    description: 'canary-description',
  })
  await server.fetch('/api/v1/models?key=canary-in-query', {
    headers: { 'x-api-key': 'canary-wrong-key', cookie: 'session=canary-cookie' },
  })
  await server.stop()
  // The link of the first administrator is for the operator, and stands apart from the log.
  assert.match(server.stderr(), /^Make the first administrator at \S+\n$/)
  for (const line of server.lines()) {
    assert.doesNotThrow(() => JSON.parse(line), line)
    assert.ok(!/canary(?!-name-is-fine)|987654321/.test(line), line)
  }
})

function lineOf(requestId: string): LogLine | undefined {
  const [line, ...more] = server.log('request-end').filter(one => one.request_id === requestId)
  assert.equal(more.length, 0, `one line for ${requestId}`)
  return line
}

async function metrics(): Promise<string> {
  const response = await server.fetch('/metrics')
  assert.equal(response.status, 200)
  return response.text()
}

async function waiting(model: string): Promise<number> {
  const found = new RegExp(
    `^roundhouse_model_queue_requests\\{model="${model}",version="1"\\} (\\d+)$`,
    'm',
  ).exec(await metrics())
  return Number(found?.[1])
}

/** Sends bytes that fetch would refuse to send, and gives everything that came back when the connection ended. */
async function sendRaw(text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  // A refused request is cut off while it is still being sent.
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
  await ended
  return answer
}

/** A client that sends a header line now and then, and keeps its side open when the server has ended. */
async function openSlowly(): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.resume()
  await new Promise<void>(resolve => socket.once('connect', () => resolve()))
  socket.write('GET /api/v1/live HTTP/1.1\r\nhost: x\r\n')
  return socket
}

async function socketsOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder)
  const targets = await Promise.all(names.map(name => readlink(`${folder}/${name}`).catch(() => '')))
  return targets.filter(target => target.startsWith('socket:')).length
}
