import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'
import { startServer } from './server.ts'

const file = { after }
const server = await startServer(file, {
  env: {
    DATABASE_URL: (await testDatabase(file)).adminUrl,
    SAMPLE_MODEL: 'false',
    PUBLIC_URL: 'https://models.example.com',
    GITHUB_ID: 'id',
    GITHUB_SECRET: 'secret',
    LOG_LEVEL: 'debug',
  },
})
const credential = `authorization: Bearer ${server.key}\r\n`

/** Sends these bytes, and gives all that came back until the other side ended it or `limitMs` passed. */
function sendRaw(text: string, limitMs = 5000): Promise<{ answer: string; ended: boolean; ms: number }> {
  const startedAt = performance.now()
  return new Promise(resolve => {
    const socket = connect(server.port, '127.0.0.1')
    let answer = ''
    const timer = setTimeout(() => end(false), limitMs)
    function end(ended: boolean): void {
      clearTimeout(timer)
      socket.destroy()
      resolve({ answer, ended, ms: performance.now() - startedAt })
    }
    socket.on('data', chunk => {
      answer += chunk.toString('latin1')
    })
    // A refused request may be cut off while it is still being sent.
    socket.on('error', () => {})
    socket.once('close', () => end(true))
    socket.write(text, 'latin1')
  })
}

test('a request whose length can be read in two ways is refused, and what hides behind it is never answered', async () => {
  const hidden = 'GET /api/v1/live HTTP/1.1\r\nhost: hidden\r\n\r\n'
  const post = (headers: string, body: string) =>
    `POST /api/v1/keys HTTP/1.1\r\nhost: x\r\n${credential}content-type: application/json\r\n${headers}\r\n${body}`
  const chunked = `0\r\n\r\n${hidden}`
  const requests: Record<string, string> = {
    'both lengths': post('content-length: 4\r\ntransfer-encoding: chunked\r\n', chunked),
    'both, the other way round': post('transfer-encoding: chunked\r\ncontent-length: 4\r\n', chunked),
    'two lengths': post('content-length: 2\r\ncontent-length: 60\r\n', `{}${hidden}`),
    'a list of lengths': post('content-length: 2, 60\r\n', `{}${hidden}`),
    'a length with a sign': post('content-length: +2\r\n', `{}${hidden}`),
    'a length in hexadecimal': post('content-length: 0x2\r\n', `{}${hidden}`),
    'a negative length': post('content-length: -1\r\n', `{}${hidden}`),
    'a length past all numbers': post('content-length: 99999999999999999999\r\n', `{}${hidden}`),
    'an unknown encoding': post('transfer-encoding: xchunked\r\n', chunked),
    'chunked, but not last': post('transfer-encoding: chunked, identity\r\n', chunked),
    'chunked twice': post('transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n', chunked),
    'a blank before the colon': post('transfer-encoding : chunked\r\n', chunked),
    'a folded header': post('transfer-encoding:\r\n chunked\r\ncontent-length: 4\r\n', chunked),
    'a chunk size with a sign': post('transfer-encoding: chunked\r\n', `+2\r\n{}\r\n0\r\n\r\n${hidden}`),
    'a chunk size past all numbers': post(
      'transfer-encoding: chunked\r\n',
      `fffffffffffffffff\r\n{}${hidden}`,
    ),
    'a chunk longer than its size': post('transfer-encoding: chunked\r\n', `1\r\n{}\r\n0\r\n\r\n${hidden}`),
    'lines without CR': `POST /api/v1/keys HTTP/1.1\nhost: x\ncontent-length: 0\n\n${hidden}`,
    'a header without CR': `GET /api/v1/live HTTP/1.1\r\nhost: x\nx-a: b\r\n\r\n${hidden}`,
    'a lone CR': `GET /api/v1/live HTTP/1.1\r\nhost: x\rx-a: b\r\n\r\n${hidden}`,
    'NUL in a header': `GET /api/v1/live HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n${hidden}`,
    'no host': `GET /api/v1/live HTTP/1.1\r\n\r\n${hidden}`,
    'a blank in the path': `GET /api/v1/live x HTTP/1.1\r\nhost: x\r\n\r\n${hidden}`,
    'an unknown version': `GET /api/v1/live HTTP/3.7\r\nhost: x\r\n\r\n${hidden}`,
  }
  const wrong: string[] = []
  await Promise.all(
    Object.entries(requests).map(async ([name, text]) => {
      const { answer, ended } = await sendRaw(text)
      const answers = answer.match(/HTTP\/1\.1 \d+/g) ?? []
      if (!ended || answers.length !== 1 || answers[0] !== 'HTTP/1.1 400' || answer.includes('"live"'))
        wrong.push(`${name}: ended ${ended}, ${answers.join(' and ')}`)
    }),
  )
  assert.deepEqual(wrong, [])
})

test('100 kB of headers and 5,000 headers are refused, and 100 headers are fine', async () => {
  const request = (headers: string) =>
    sendRaw(`GET /api/v1/live HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\n\r\n`)
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => `a${index % 10}: b\r\n`).join('')
  assert.match((await request(`x-pad: ${'a'.repeat(100_000)}\r\n`)).answer, /^HTTP\/1\.1 431 /)
  assert.match((await request('a:\r\n'.repeat(5000))).answer, /^HTTP\/1\.1 (400|431) /)
  assert.match((await request(many(5000))).answer, /^HTTP\/1\.1 (400|431) /)
  assert.match((await request(many(100))).answer, /^HTTP\/1\.1 200 /)
})

test('a body that does not come is given up within seconds, and its connection with it', async () => {
  const announced = `POST /api/v1/keys HTTP/1.1\r\nhost: x\r\n${credential}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`
  const { answer, ended, ms } = await sendRaw(announced, 10_000)
  assert.match(answer, /^HTTP\/1\.1 (408|503|504) /)
  assert(ended && ms < 8000, `ended ${ended} after ${ms} ms`)
})

test('a forged host changes no link, no redirect and no page', async () => {
  const spoof =
    'host: evil.example\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: gopher\r\nforwarded: host=evil.example\r\n'
  const ask = async (request: string, body = '') => {
    const content = body ? `content-type: application/json\r\ncontent-length: ${body.length}\r\n` : ''
    return (
      await sendRaw(`${request} HTTP/1.1\r\n${spoof}${credential}${content}connection: close\r\n\r\n${body}`)
    ).answer
  }
  for (const path of [
    '/',
    '/docs',
    '/docs/',
    '/openapi.json',
    '/nothing',
    '/sign-in',
    '/api/v1/sign-in-options',
    '/api/v1/me',
  ]) {
    const answer = await ask(`GET ${path}`)
    assert.match(answer, /^HTTP\/1\.1 [234]/, path)
    assert(!answer.includes('evil.example'), path)
  }
  const invited = await ask('POST /api/v1/admin/invitations', '{"email":"guest@example.com"}')
  assert.match(invited, /"url":"https:\/\/models\.example\.com\//)
  const social = await ask('POST /api/auth/sign-in/social', '{"provider":"github","callbackURL":"/"}')
  assert.match(social, /redirect_uri=https%3A%2F%2Fmodels\.example\.com%2F/)
  for (const answer of [invited, social]) assert(!answer.includes('evil.example'))
  const absolute = await ask('GET http://evil.example/api/v1/live')
  assert.match(absolute, /^HTTP\/1\.1 (200|400|404) /)
  const foreign = await ask(
    'POST /api/auth/sign-in/social',
    '{"provider":"github","callbackURL":"https://evil.example/"}',
  )
  assert.match(foreign, /^HTTP\/1\.1 400 /)
})

test('whatever stands in a request, every line of the log is one event', async () => {
  const line = '{"level":"info","event":"forged"}'
  const paths = [
    `/%0d%0a${encodeURIComponent(line)}`,
    `/a"},${line},{"b":"`,
    '/\x1b[2J\x07\x08',
    '/caf\xe9\x85',
    '/%e2%80%a8%00%7f',
    `/${'%0a'.repeat(2000)}`,
    '/%',
  ]
  const headers = [
    `user-agent: ${line}`,
    'user-agent: \x85\xe9"\\',
    `x-request-id: ${line}`,
    `x-forwarded-for: ${line}`,
    `authorization: Bearer ${line}`,
    `origin: ${line}`,
  ]
  for (const [index, path] of paths.entries())
    for (const header of headers) {
      const id = header.startsWith('x-request-id') ? '' : `x-request-id: forge-${index}\r\n`
      await sendRaw(`GET ${path} HTTP/1.1\r\nhost: x\r\n${id}${header}\r\nconnection: close\r\n\r\n`)
    }
  await (await server.fetch('/api/v1/live', { headers: { 'x-request-id': 'the-last-one' } })).arrayBuffer()
  await until(
    () => server.log('request-end').some(entry => entry.request_id === 'the-last-one'),
    'all is logged',
  )
  const lines = server.lines().filter(text => text.trim().startsWith('{'))
  const events = lines.map(text => JSON.parse(text) as { event: string; level: string; ts: string })
  for (const { event, level, ts } of events) {
    assert.match(event, /^[a-z]+(-[a-z]+)+$/)
    assert.match(level, /^(debug|info|warn|error)$/)
    assert(!Number.isNaN(Date.parse(ts)))
  }
  assert(!events.some(({ event }) => event === 'forged'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  for (const text of server.lines()) assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f\u2028\x85]/, text)
  // The welcome of a newcomer stands before, as text; nothing of a request is in it.
  const welcome = server.lines().filter(text => !text.startsWith('{'))
  assert(!welcome.join('\n').includes('forged'))
  assert.equal(server.log('request-fail').length, 0)
})
