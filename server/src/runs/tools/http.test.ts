import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import { httpTool as httpSpec, Problem } from '@roundhouse/sdk/contract'
import { openOutbound } from '../../adapters/outbound/outbound.ts'
import { anonymousCaller as caller } from '../../testing/callers.ts'
import { defer } from '../../testing/defer.ts'
import { httpServer } from '../../testing/http-server.ts'
import { httpTool } from './http.ts'

type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

const file = { after }
let seen: Seen[] = []
let answer = (_request: IncomingMessage, response: ServerResponse): unknown => response.end()
const { url } = await httpServer(file, async (request, response) => {
  const body = (await request.toArray()).join('')
  seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
  answer(request, response)
})
const place = new URL(url).host
const outbound = openOutbound({ allowed: [place] })
defer(file, outbound.close)
const secret = 'Bearer s3cr3t"/&value'
const secrets = {
  async revealFor(name: string, host: string, port: number) {
    if (name !== 'CRM') throw new Problem('resource-not-found', `There is no secret named ${name}.`)
    if (`${host}:${port}` !== place) throw new Problem('forbidden', `CRM may not be sent to ${host}.`)
    return secret
  },
}

function open(spec: Record<string, unknown>) {
  return httpTool({ outbound, secrets }, httpSpec.parse({ type: 'http', name: 'call', url, ...spec }))
}

function call(tool: ReturnType<typeof open>, args: unknown = {}): Promise<string> {
  return tool.call(args, {
    caller,
    signal: new AbortController().signal,
    timeoutMs: tool.timeoutMs,
    idempotencyKey: 'run:1',
    run: { id: 'r', agentId: 'a', depth: 0 },
  })
}

/** What was asked since it was last looked. */
function asked(): Seen {
  const [only = assert.fail('nothing was asked'), ...more] = seen
  assert.equal(more.length, 0)
  seen = []
  return only
}

const text = (type: string, body: string | Buffer) => {
  answer = (_request, response) => response.writeHead(200, { 'content-type': type }).end(body)
}

test('the arguments of a model fill address, query and body, each where it was put', async () => {
  const tool = open({
    method: 'POST',
    url: `${url}/users/{id}/notes?kind={kind}#top`,
    parameters: {
      type: 'object',
      properties: { id: {}, kind: {}, tags: {}, draft: {}, note: {}, none: {}, 'X-Page': {}, 'X-Own': {} },
    },
    headers: { 'x-own': 'ours' },
    query: ['tags', 'draft', 'none'],
    header: ['X-Page', 'X-Own'],
    body: ['note'],
  })
  text('application/json; charset=utf-8', '{ "id": 7,\n "ok": true }')
  const told = await call(tool, {
    id: 'a b?x=1#y',
    kind: 'k&admin=1',
    tags: ['x', 'y&z'],
    draft: false,
    note: { text: 'ü' },
    'X-Page': 3,
    'X-Own': 'theirs',
    other: 'is not sent',
  })
  assert.equal(told, '200 application/json; charset=utf-8\n\n{"id":7,"ok":true}')
  const { method, path, headers, body } = asked()
  assert.deepEqual(
    [method, path, headers['content-type'], headers['x-page'], headers['x-own'], body],
    [
      'POST',
      '/users/a%20b%3Fx%3D1%23y/notes?kind=k%26admin%3D1&tags=x&tags=y%26z&draft=false',
      'application/json',
      '3',
      'ours',
      '{"note":{"text":"ü"}}',
    ],
  )
  assert.deepEqual(
    [tool.isRepeatable, open({}).isRepeatable, open({ method: 'PUT' }).isRepeatable],
    [false, true, true],
  )
})

test('no argument leaves its place in the path', async () => {
  const tool = open({ url: `${url}/files/{name}.{kind}/{id}/x` })
  text('text/plain', 'ok')
  const hostile = [
    '',
    '.',
    '..',
    '../admin',
    '..\\admin',
    'a/b',
    'a\\b',
    '/',
    '\r\n',
    '\0',
    {},
    null,
    undefined,
  ]
  for (const id of hostile)
    await assert.rejects(call(tool, { name: 'n', kind: 'k', id }), { code: 'invalid-request' }, String(id))
  assert.equal(seen.length, 0)
  for (const id of ['%2e%2e', '%2F..%2Fadmin', '...', '@evil.example', ':80', '?a', '#a', 'ü', "'", '%']) {
    await call(tool, { name: '..', kind: '..', id })
    const { path, headers } = asked()
    assert.equal(path, `/files/${'.'.repeat(5)}/${encodeURIComponent(id).replace("'", '%27')}/x`)
    assert.equal(headers.host, place)
  }
  const joined = open({ url: `${url}/{a}{b}` })
  await assert.rejects(call(joined, { a: '.', b: '.' }), { code: 'invalid-request', message: /\. or \.\./ })
  await assert.rejects(call(open({ header: ['x'] }), { x: 'a\r\nhost: b' }), { code: 'invalid-request' })
})

test('a whole body is one argument; without a schema one is made of the names', async () => {
  const tool = open({ method: 'PUT', url: `${url}/{id}`, body: 'all' })
  assert.deepEqual(tool.parameters, {
    type: 'object',
    properties: { id: { type: 'string' }, body: {} },
    required: ['id'],
    additionalProperties: false,
  })
  text('text/plain', '')
  assert.equal(
    await call(tool, { id: '1', body: [1, { a: null }] }),
    '200 text/plain\n\n[The answer is empty.]',
  )
  assert.equal(asked().body, '[1,{"a":null}]')
  await call(tool, { id: '1' })
  const { body, headers } = asked()
  assert.deepEqual([body, headers['content-type']], ['', undefined])
})

test('a tool whose request could not be made is refused when the agent is saved', () => {
  const issues = (spec: Record<string, unknown>) =>
    httpSpec
      .safeParse({ type: 'http', name: 'call', url: 'https://api.example.com/{id}', ...spec })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  assert.equal(issues({}), undefined)
  for (const address of [
    'https://{host}/x',
    'https://a.{host}/x',
    '{url}',
    'https://a.example.com{path}',
    'https://a.example.com:{port}/',
    'ftp://a.example.com/',
    '/path',
    'https://a.example.com/{',
    'https://a.example.com/{}',
    'https://a.example.com/a b',
    'https:\\\\a.example.com',
    'https://user:pw@a.example.com/',
  ])
    assert.match(issues({ url: address })?.[0] ?? '', /^url: /, address)
  assert.match(issues({ body: ['a'] })?.[0] ?? '', /^body: A GET has no body/)
  const parameters = { type: 'object', properties: { id: {}, more: {} } }
  assert.match(issues({ parameters })?.[0] ?? '', /^parameters: more would not be sent/)
  assert.match(
    issues({ parameters, query: ['more', 'q'] })?.[0] ?? '',
    /^parameters: properties: q is missing/,
  )
})

test('a secret goes along by its name, and no answer, page or error tells it to the model', async () => {
  const tool = open({ headers: { Authorization: { secret: 'CRM' }, 'X-Plain': 'p' } })
  const echoes: [string, string][] = [
    ['text/plain', `you sent ${secret} and s3cr3t"/&value`],
    ['application/json', JSON.stringify({ headers: { authorization: secret } })],
    ['application/json', '{"a":"\\u0073\\u0033cr3t\\"/&value"}'],
    ['text/html', `<p>Bearer s3cr3t&quot;/&amp;value <b>s3cr</b>3t"/&value</p>`],
    ['text/plain', `${Buffer.from(secret).toString('base64')} ${encodeURIComponent(secret)}`],
    [`text/plain; x=${secret}`, 'x'],
    [`text/plain; x=${'y'.repeat(80)}${secret}`, 'x'],
    ['text/plain', `the name in lower case is ${secret.toUpperCase()}`],
    // Where no more is read, in the middle of it.
    ['text/html', `<script>${'x'.repeat(1024 * 1024 - 40)}</script>you sent ${secret} to us`],
  ]
  for (const [type, body] of echoes) {
    text(type, body)
    const told = await call(tool)
    assert.doesNotMatch(told, /s3cr|QmVhcmVyIHMzY3/i, told)
    assert.match(told, /\*\*\*/)
    const { headers } = asked()
    assert.deepEqual([headers.authorization, headers['x-plain']], [secret, 'p'])
  }
  const word = Buffer.from('me:passw0rd').toString('base64')
  const basic = httpTool(
    { outbound, secrets: { revealFor: async () => `Basic ${word}` } },
    httpSpec.parse({ type: 'http', name: 'call', url, headers: { authorization: { secret: 'X' } } }),
  )
  text('text/plain', `user me with passw0rd`)
  assert.match(await call(basic), /user me with \*\*\*$/)
  asked()
})

test('a redirect takes no secret with it, nor tells one by the name of a host', async () => {
  const other = await httpServer(file, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(request.headers))
  })
  const both = openOutbound({ allowed: [place, new URL(other.url).host] })
  defer(file, both.close)
  answer = (_request, response) => response.writeHead(302, { location: other.url }).end()
  const away = httpTool(
    { outbound: both, secrets },
    httpSpec.parse({ type: 'http', name: 'call', url, headers: { 'x-key': { secret: 'CRM' } } }),
  )
  const told = await call(away)
  assert.match(told, /^200 application\/json/)
  assert.doesNotMatch(told, /x-key|s3cr3t/)
  assert.equal(asked().headers['x-key'], secret)
  const plain = httpTool(
    { outbound, secrets: { revealFor: async () => 'S3cr3t-Value' } },
    httpSpec.parse({ type: 'http', name: 'call', url, headers: { 'x-key': { secret: 'X' } } }),
  )
  answer = (_request, response) => response.writeHead(302, { location: 'http://S3cr3t-value.example/' }).end()
  await assert.rejects(call(plain), (error: Error) => {
    assert.match(error.message, /^\*\*\*\.example:80 may be reached by https only/)
    assert.equal(error.cause, undefined)
    return true
  })
  asked()
})

test('a secret that is not there, or not for this host, is said and nothing is sent', async () => {
  await assert.rejects(call(open({ headers: { a: { secret: 'NONE' } } })), {
    code: 'resource-not-found',
    message: /no secret named NONE/,
  })
  const elsewhere = open({ url: 'https://other.example.com/', headers: { a: { secret: 'CRM' } } })
  await assert.rejects(call(elsewhere), { code: 'forbidden', message: /other\.example\.com/ })
  assert.equal(seen.length, 0)
})

test('a page is told as what can be read on it, and what is no text is not told', async () => {
  text(
    'text/html',
    '<!doctype html><head><title>T</title><style>p{}</style></head><body><h1>Hi &amp; bye</h1><p>a <b>b</b>\n c</p><script>x<y</script><ul><li>one<li>two</ul>&#8364; &#x41; &bogus;</body>',
  )
  assert.equal(await call(open({})), '200 text/html\n\nHi & bye\na b c\n- one\n- two\n€ A &bogus;')
  for (const type of ['image/png', 'application/octet-stream', 'application/pdf']) {
    text(type, Buffer.from([0, 1, 2]))
    assert.equal(await call(open({})), `200 ${type}\n\n[The answer is not text and is not shown.]`)
  }
  text('', Buffer.from([65, 0, 66]))
  assert.match(await call(open({})), /not text/)
  text('text/plain; charset=iso-8859-1', Buffer.from([0x66, 0xfc, 0x72]))
  assert.match(await call(open({})), /für$/)
  answer = (_request, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('no')
  assert.equal(await call(open({})), '404 text/plain\n\nno')
  seen = []
})

test('a page of blanks without an end of a line is told in one pass', async () => {
  for (const blank of ['<b> ', '&nbsp;', '<p> ', '&#9;']) {
    text('text/html', `${blank.repeat(Math.floor(1_000_000 / blank.length))}x`)
    assert.match(await call(open({})), /^200 text\/html\n\nx$/)
  }
  seen = []
})

test('of an answer without an end the beginning is told, and what cannot be reached is said', async () => {
  let sentBytes = 0
  const piece = 'x'.repeat(256 * 1024)
  answer = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1e11 })
    const more = () => {
      sentBytes += piece.length
      if (response.destroyed) return
      if (response.write(piece)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  }
  const told = await call(open({}))
  assert.match(told.slice(-60), /x\n\[Cut: only the first 1024 kB were read\.\]$/)
  assert.ok(sentBytes < 50e6, String(sentBytes))
  await assert.rejects(call(open({ url: 'https://127.0.0.1/' })), { code: 'address-refused' })
  await assert.rejects(call(open({ headers: { a: 'b\nc' } })), { code: 'invalid-request' })
})
