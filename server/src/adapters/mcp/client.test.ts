import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { systemClock } from '../../kit/clock.ts'
import { defer } from '../../testing/defer.ts'
import { httpServer } from '../../testing/http-server.ts'
import {
  legacyMcp,
  listedTool,
  type McpScript,
  modernMcp,
  scriptedMcpServers,
  sendJson,
  textResult,
} from '../../testing/mcp-server.ts'
import { until } from '../../testing/until.ts'
import { openOutbound } from '../outbound/outbound.ts'
import { createMcpClient } from './client.ts'

const file = { after }
const hanging: McpScript = () => {}
const big = 'x'.repeat(11 * 1024 * 1024)

/** Answers a call with an event stream of these, and leaves it open. */
const streaming =
  (...events: unknown[]): McpScript =>
  ({ id }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of events) {
      const message = typeof event === 'string' ? event : JSON.stringify(event)
      response.write(`data: ${message.replaceAll('"ID"', JSON.stringify(id))}\n\n`)
    }
  }
const result = (content: object) => ({
  jsonrpc: '2.0',
  id: 'ID',
  result: { resultType: 'complete', ...content },
})
const raw =
  (body: string, headers: Record<string, string> = {}): McpScript =>
  ({ id }, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.end(body.replaceAll('"ID"', JSON.stringify(id)))
  }

const tools = [listedTool('echo', { annotations: { readOnlyHint: true } }), listedTool('pay')]
/** What each of these answers a call with. */
const calls: Record<string, McpScript> = {
  fine: ({ params }) => textResult(JSON.stringify(params?.arguments)),
  hangs: hanging,
  mixed: () => ({
    resultType: 'complete',
    structuredContent: { a: [1] },
    content: [
      { type: 'text', text: 'one' },
      { type: 'text', text: '{ "a": [1] }' },
      { type: 'image', data: 'aaaa', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'two' } },
      { type: 'resource', resource: { uri: 'file:///b', blob: 'aaaa' } },
      { type: 'resource_link', uri: 'https://example.com/c', name: 'c' },
      { type: 'hologram' },
      null,
    ],
  }),
  structured: () => ({ resultType: 'complete', content: [], structuredContent: { a: 1 } }),
  says_no: () => ({ ...textResult('out of stock'), isError: true }),
  asks: () => ({ resultType: 'input_required', inputRequests: { a: { method: 'elicitation/create' } } }),
  refuses: ({ id }, response) =>
    sendJson(response, { jsonrpc: '2.0', id, error: { code: -32602, message: 'no such town' } }),
  streams: streaming(
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
    { jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} },
    result({ content: [{ type: 'text', text: 'streamed' }] }),
  ),
  stream_without_end: streaming(
    'no json',
    ...Array.from({ length: 1000 }, () => ({ jsonrpc: '2.0', method: 'x' })),
  ),
  stream_that_ends: (_, response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(),
  large: raw(`{"jsonrpc":"2.0","id":"ID","result":{"resultType":"complete","content":[],"x":"${big}"}}`),
  wrong_throughout: raw(
    `{"jsonrpc":"2.0","id":"ID","result":{"resultType":"complete","content":[${'{"type":"text","tex":1},'.repeat(300_000)}0]}}`,
  ),
  deep: raw(
    `{"jsonrpc":"2.0","id":"ID","result":{"resultType":"complete","content":[],"structuredContent":${'['.repeat(1e6)}${']'.repeat(1e6)}}}`,
  ),
  deep_stream: streaming(
    `{"jsonrpc":"2.0","id":"ID","result":{"resultType":"complete","content":[],"structuredContent":${'['.repeat(1e6)}${']'.repeat(1e6)}}}`,
  ),
  html: raw('<p>hello</p>', { 'content-type': 'text/html' }),
  not_json: raw('{"jsonrpc":'),
  other_id: raw('{"jsonrpc":"2.0","id":4711,"result":{"content":[]}}'),
  no_result: raw('{"jsonrpc":"2.0","id":"ID","result":"text"}'),
  wrong_types: raw('{"jsonrpc":"2.0","id":"ID","result":{"resultType":7,"content":"text","isError":"yes"}}'),
  elsewhere: (_, response) =>
    void response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  status: (_, response) => void response.writeHead(503).end('<h1>no</h1>'),
}
const servers = await scriptedMcpServers(file, {
  ...Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, modernMcp(tools, call)])),
  old: legacyMcp(tools, ({ params }) => textResult(`old ${params?.name}`)),
  old_hangs: legacyMcp(tools, hanging),
  locked: (_, response) => void response.writeHead(401).end('{}'),
})
/** A server of others' making, of both eras. */
const handle = toNodeHandler(createMcpHandler(openRealServer))
const real = await httpServer(file, (request, response) => {
  const { method = 'POST', url = '/' } = request
  void handle(Object.assign(request, { method, url }), response)
})

function openRealServer(): McpServer {
  const server = new McpServer({ name: 'real', version: '1' })
  server.registerTool(
    'add',
    { description: 'Adds.', inputSchema: z.object({ a: z.number(), b: z.number() }) },
    async ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
  )
  return server
}

const outbound = openOutbound({ allowed: [servers.place, new URL(real.url).host] })
const client = createMcpClient({ outbound, clock: systemClock })
defer(file, outbound.close)
defer(file, client.close)

const at = (name: string, headers = {}) => ({ url: servers.url(name), headers })
const [echo] = await client.listTools(at('fine'), AbortSignal.timeout(10_000))
assert.ok(echo)

function call(name: string, { timeoutMs = 10_000, signal = new AbortController().signal } = {}) {
  assert.ok(echo)
  return client.callTool(at(name), echo, { town: 'Ulm' }, { signal, timeoutMs })
}

const methodsAt = (name: string) =>
  servers.seen.flatMap(seen => (seen.name === name ? [seen.message?.method ?? seen.method] : []))

test('tools of a server of the newer era are listed and called, with the headers of the agent', async () => {
  const headers = { authorization: 'Bearer key' }
  assert.deepEqual(await client.listTools(at('fine', headers), AbortSignal.timeout(10_000)), [
    { name: 'echo', description: 'Does echo.', inputSchema: tools[0]?.inputSchema, isRepeatable: true },
    { name: 'pay', description: 'Does pay.', inputSchema: tools[1]?.inputSchema, isRepeatable: false },
  ])
  assert.equal(servers.seen.at(-1)?.headers.authorization, 'Bearer key')
  assert.deepEqual(await call('fine'), { text: '{"town":"Ulm"}', isError: false })
  // Which era it speaks is asked once.
  assert.equal(methodsAt('fine').filter(method => method === 'server/discover').length, 1)
})

test('tools of a server of the older era are too, in a session that ends with the call', async () => {
  assert.equal((await client.listTools(at('old'), AbortSignal.timeout(10_000))).length, 2)
  assert.deepEqual(await call('old'), { text: 'old echo', isError: false })
  const session = ['initialize', 'notifications/initialized']
  await until(
    () => methodsAt('old').filter(method => method === 'DELETE').length === 2,
    'both sessions ended',
  )
  assert.deepEqual(
    methodsAt('old').filter(method => method !== 'DELETE'),
    ['server/discover', ...session, 'tools/list', ...session, 'tools/call'],
  )
})

test('a server made with the official library works', async () => {
  const server = { url: real.url, headers: {} }
  const [add] = await client.listTools(server, AbortSignal.timeout(10_000))
  assert.ok(add)
  const context = { signal: new AbortController().signal, timeoutMs: 10_000 }
  assert.deepEqual(await client.callTool(server, add, { a: 2, b: 3 }, context), { text: '5', isError: false })
})

test('a call that is given up is cancelled at the server, in both eras', async () => {
  for (const name of ['hangs', 'old_hangs']) {
    const given = new AbortController()
    const calling = call(name, { signal: given.signal })
    await until(() => methodsAt(name).includes('tools/call'), 'it is called')
    const before = servers.aborted()
    given.abort('cancelled')
    await assert.rejects(calling, error => error === 'cancelled')
    await until(() => servers.aborted() > before, 'the connection is closed')
  }
  await until(() => methodsAt('old_hangs').includes('notifications/cancelled'), 'it is told')
})

test('whatever a server answers, it is text for the model or a sentence about what is wrong', async () => {
  const answers = {
    mixed:
      'one\n{ "a": [1] }\n[Image image/png: not shown.]\ntwo\n[File file:///b: not shown.]\n[Link: https://example.com/c c]',
    structured: '{"a":1}',
    streams: 'streamed',
    wrong_throughout: '[Cut: 299001 more parts.]',
    wrong_types: '[The tool gave no text.]',
  }
  for (const [name, text] of Object.entries(answers))
    assert.deepEqual(await call(name), { text, isError: false }, name)
  const errors = {
    says_no: 'out of stock',
    asks: 'The tool asks for input of a person, which is not supported here.',
  }
  for (const [name, text] of Object.entries(errors))
    assert.deepEqual(await call(name), { text, isError: true }, name)
  const faults: Record<string, RegExp> = {
    refuses: /refused: .*no such town/,
    stream_that_ends: /did not answer as an MCP server does/,
    large: /larger than/,
    deep: /nested deeper/,
    deep_stream: /nested deeper/,
    html: /did not answer as an MCP server does/,
    not_json: /not valid JSON/,
    other_id: /did not answer as an MCP server does/,
    no_result: /No result/,
    elsewhere: /169\.254\.169\.254/,
    status: /503/,
    locked: /401/,
    made_up: /405/,
  }
  for (const [name, message] of Object.entries(faults))
    await assert.rejects(call(name), { name: 'Problem', message }, name)
  for (const name of ['hangs', 'stream_without_end'])
    await assert.rejects(
      call(name, { timeoutMs: 300 }),
      { code: 'address-failed', message: /within 0.3 s/ },
      name,
    )
})

test('addresses are judged as of all requests', async () => {
  for (const [url, code] of [
    ['http://127.0.0.1:1/mcp', 'address-refused'],
    ['file:///etc/passwd', 'address-refused'],
    ['no address', 'address-refused'],
  ] as const)
    await assert.rejects(client.listTools({ url, headers: {} }, AbortSignal.timeout(10_000)), { code }, url)
})
