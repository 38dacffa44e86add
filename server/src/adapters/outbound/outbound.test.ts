import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { defer } from '../../testing/defer.ts'
import { httpServer } from '../../testing/http-server.ts'
import { until } from '../../testing/until.ts'
import { openOutbound } from './outbound.ts'

type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

// Three origins on loopback: two that the operator allows, and one that is private.
const file = { after }
const [here, there, closed] = [await origin(), await origin(), await origin()]
const outbound = openOutbound({ allowed: [here.place, there.place] })
defer(file, outbound.close)

test('an address that the operator allows answers, though it is private and speaks plain http', async () => {
  here.answer = (_request, response) =>
    response.writeHead(201, { 'content-type': 'text/plain', 'x-own': 'yes' }).end('made')
  const response = await outbound.fetch(`${here.url}/things?x=1`, {
    method: 'POST',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json', host: 'other.example.com' },
    body: '{"a":1}',
  })
  assert.deepEqual(
    [response.status, response.headers.get('x-own'), await response.text()],
    [201, 'yes', 'made'],
  )
  assert.equal(response.url, `${here.url}/things?x=1`)
  const [seen] = here.taken()
  assert.deepEqual(
    [seen?.method, seen?.path, seen?.body, seen?.headers.authorization, seen?.headers.host],
    ['POST', '/things?x=1', '{"a":1}', 'Bearer t', here.place],
  )
})

test('the next port of an allowed host is not allowed, nor is it by a redirect', async () => {
  await assert.rejects(outbound.fetch(closed.url), { code: 'address-refused', message: /by https only/ })
  for (const location of [
    closed.url,
    `https://${closed.place}/`,
    '//localhost/',
    `https://[::ffff:7f00:1]:8443/`,
    'https://169.254.169.254/latest/meta-data',
    'https://user:password@example.com/',
    'file:///etc/passwd',
    'https://x.railway.internal/',
  ]) {
    here.answer = (_request, response) => response.writeHead(302, { location }).end('moved')
    await assert.rejects(outbound.fetch(here.url), { code: 'address-refused' }, location)
  }
  assert.equal(closed.taken().length, 0)
})

test('follows three redirects and no fourth', async () => {
  const far = (times: number) => {
    here.answer = (request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end('arrived')
      else response.writeHead(302, { location: `/${left - 1}` }).end('x'.repeat(100_000))
    }
    return outbound.fetch(`${here.url}/${times}`)
  }
  assert.equal(await (await far(3)).text(), 'arrived')
  await assert.rejects(far(4), { code: 'address-failed', message: /more than 3 times/ })
  here.taken()
})

test('what says who asks stays with the origin that it was given for', async () => {
  const headers = {
    accept: 'text/plain',
    authorization: 'Bearer t',
    cookie: 'session=1',
    'proxy-authorization': 'Basic x',
    'x-api-key': 'k',
    'user-agent': 'us',
  }
  const names = ['accept', 'authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'user-agent']
  const sent = async (target: typeof here) => {
    here.answer = (request, response) => {
      if (request.url === '/end') response.end()
      else response.writeHead(307, { location: `${target.url}/end` }).end()
    }
    await (await outbound.fetch(here.url, { headers })).text()
    const seen = target.taken().at(-1)?.headers ?? {}
    return names.filter(name => seen[name] !== undefined)
  }
  assert.deepEqual(await sent(here), ['accept', 'authorization', 'cookie', 'x-api-key', 'user-agent'])
  assert.deepEqual(await sent(there), ['accept', 'user-agent'])
  here.taken()
})

test('a redirect keeps or drops method and body as a browser does', async () => {
  const cases: [number, string, string, string][] = [
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'POST', 'POST', 'body'],
    [301, 'PUT', 'PUT', 'body'],
    [302, 'DELETE', 'DELETE', 'body'],
    [303, 'PUT', 'GET', ''],
  ]
  for (const [status, method, then, body] of cases) {
    here.answer = (request, response) => {
      if (request.url === '/end') response.end()
      else response.writeHead(status, { location: '/end' }).end()
    }
    await (
      await outbound.fetch(here.url, { method, body: 'body', headers: { 'content-type': 'text/x' } })
    ).text()
    const last = here.taken().at(-1)
    const type = body === '' ? undefined : 'text/x'
    assert.deepEqual(
      [last?.method, last?.body, last?.headers['content-type']],
      [then, body, type],
      `${status} ${method}`,
    )
  }
})

test('an answer of 100 MB is cut at its limit, whether it says its length or not', async () => {
  const piece = Buffer.alloc(1024 * 1024)
  let sentBytes = 0
  here.answer = (_request, response) => {
    function* pieces() {
      for (; sentBytes < 100 * piece.length; sentBytes += piece.length) yield piece
    }
    sentBytes = 0
    Readable.from(pieces()).pipe(response)
  }
  const response = await outbound.fetch(here.url)
  await assert.rejects(response.bytes(), { code: 'address-failed', message: /larger than 10485760 bytes/ })
  assert.ok(sentBytes < 20 * piece.length, `${sentBytes} bytes were sent`)
  here.answer = (_request, response) =>
    response.writeHead(200, { 'content-length': 100 * piece.length }).write('x')
  await assert.rejects(outbound.fetch(here.url), { code: 'address-failed', message: /larger/ })
})

test('a small answer that unpacks to a large one is cut at what it unpacks to', async () => {
  const packed = gzipSync(Buffer.alloc(100 * 1024 * 1024))
  assert.ok(packed.length < 200_000)
  here.answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
  const before = process.memoryUsage().rss
  const response = await outbound.fetch(here.url, { maxBytes: 1024 * 1024 })
  await assert.rejects(response.text(), { code: 'address-failed', message: /larger than 1048576 bytes/ })
  assert.ok(process.memoryUsage().rss - before < 60e6)
  here.answer = (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'))
  assert.equal(await (await outbound.fetch(here.url)).text(), 'unpacked')
})

test('an answer that drips on for ever is cut when its time is over, and so is one that never begins', async () => {
  here.answer = (_request, response) => {
    response.write('x')
    const timer = setInterval(() => response.write('x'), 20)
    response.once('close', () => clearInterval(timer))
  }
  const response = await outbound.fetch(here.url, { timeoutMs: 300 })
  await assert.rejects(response.text(), { code: 'address-failed', message: /in full within 0\.3 s/ })
  here.answer = () => {}
  await assert.rejects(outbound.fetch(here.url, { timeoutMs: 100 }), { code: 'address-failed' })
  await here.quiet()
})

test('who stops waiting gets their own reason, and the connection is closed', async () => {
  const reason = new Error('gone')
  const controller = new AbortController()
  here.answer = (_request, response) => {
    response.write('x')
  }
  const response = await outbound.fetch(here.url, { signal: controller.signal })
  const reading = response.text()
  controller.abort(reason)
  await assert.rejects(reading, reason)
  await here.quiet()
  await (await outbound.fetch(here.url)).body?.cancel()
  await here.quiet()
})

test('a value that no header can have is not repeated in what is said about it', async () => {
  await assert.rejects(
    outbound.fetch(here.url, { headers: { authorization: 'Bearer s3cret\n' + 'x' } }),
    error => {
      assert.ok(error instanceof Error && 'code' in error)
      assert.equal(error.code, 'invalid-request')
      assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /s3cret/)
      return true
    },
  )
})

test('a host that is not there, and one that breaks off, are told apart from what is refused', async () => {
  const unknown = openOutbound({
    allowed: [],
    resolve: () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })),
  })
  await assert.rejects(unknown.fetch('https://nowhere.example.com/'), {
    code: 'address-failed',
    message: 'There is no host nowhere.example.com.',
  })
  await unknown.close()
  here.answer = (_request, response) => response.destroy()
  await assert.rejects(outbound.fetch(here.url), { code: 'address-failed', message: /could not be reached/ })
})

test('when it is closed what is under way ends', async () => {
  const closing = openOutbound({ allowed: [here.place] })
  here.answer = (_request, response) => {
    response.write('x')
  }
  const reading = (await closing.fetch(here.url)).text()
  const ended = assert.rejects(reading, { code: 'address-failed' })
  await closing.close()
  await ended
  await assert.rejects(closing.fetch(here.url), { code: 'address-failed' })
})

/** `answer` is what it does; it keeps what it was asked until that is taken. */
async function origin() {
  let seen: Seen[] = []
  const served: { answer: RequestListener } = { answer: (_request, response) => void response.end() }
  const { url, server } = await httpServer(
    file,
    async (request: IncomingMessage, response: ServerResponse) => {
      const body = (await request.toArray()).join('')
      seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      served.answer(request, response)
    },
  )
  return Object.assign(served, {
    url,
    place: new URL(url).host,
    taken() {
      const taken = seen
      seen = []
      return taken
    },
    quiet: () =>
      until(
        () => new Promise(resolve => server.getConnections((_error, count) => resolve(count === 0))),
        'every connection is closed',
      ),
  })
}
