import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testHouse } from '../src/testing/house.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { identityModel } from '../src/testing/onnx/models.ts'
import { publish } from './openai-calls.ts'

const upstream = await llmUpstream({ after }, obey)
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url })
const user = await house.user()
await house.pushed('price', identityModel('FP32', ['N', 2]), { visibility: 'users' })
await publish(user, 'Careful', {
  provider: 'default',
  model: 'obedient',
  tools: [{ type: 'time', approval: true }],
})

const plain = { name: 'agent_careful', arguments: { message: 'Hello.' } }
const asking = { name: 'agent_careful', arguments: { message: order('time', '{}') } }
/** What is no time zone stands in the answer, where the next order is read. */
const again = JSON.stringify({ time_zone: order('time', '{}') })
/** The suite knows its test tools by name; these are ours that do the same. */
const tools: Readonly<Record<string, { name: string; arguments: object }>> = {
  test_simple_text: plain,
  test_tool_with_progress: plain,
  test_logging_tool: plain,
  test_error_handling: { name: 'model_price', arguments: { x: 'no numbers' } },
  test_streaming_elicitation: asking,
  test_input_required_result_elicitation: asking,
  test_input_required_result_request_state: asking,
  test_input_required_result_tampered_state: asking,
  test_input_required_result_multi_round: {
    name: 'agent_careful',
    arguments: { message: order('time', again) },
  },
}

/** Before the server, for the suite sends no key: adds one, and says the names and forms of our tools for its own. */
const proxy = createServer(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const body = Buffer.concat(parts).toString()
  const { name, text } = translated(body)
  const headers = {
    ...request.headers,
    authorization: `Bearer ${user.key}`,
    'content-length': String(Buffer.byteLength(text)),
    ...(name === undefined || request.headers['mcp-name'] === undefined ? {} : { 'mcp-name': name }),
  }
  const { method = 'GET', url = '/' } = request
  const through = forward(new URL(url, house.url), { method, headers }, (answer: IncomingMessage) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  through.on('error', () => response.destroy())
  response.on('close', () => through.destroy())
  through.end(text)
})
proxy.listen(0, '127.0.0.1')
await once(proxy, 'listening')
after(() => {
  proxy.closeAllConnections()
  return new Promise(resolve => proxy.close(resolve))
})

type Call = { method?: string; params?: { name?: string; inputResponses?: Record<string, unknown> } }

function translated(body: string): { name?: string; text: string } {
  const message: Call | undefined = body.startsWith('{') ? JSON.parse(body) : undefined
  const tool = message?.method === 'tools/call' ? tools[message.params?.name ?? ''] : undefined
  if (!tool) return { text: body }
  const inputResponses = Object.keys(message?.params?.inputResponses ?? {}).map(id => [
    id,
    { action: 'accept', content: { approved: true } },
  ])
  const params = {
    ...message?.params,
    ...tool,
    ...(inputResponses.length > 0 ? { inputResponses: Object.fromEntries(inputResponses) } : {}),
  }
  return { name: tool.name, text: JSON.stringify({ ...message, params }) }
}

async function runSuite(revision: string): Promise<{ code: number | null; told: string }> {
  const { port } = proxy.address() as AddressInfo
  const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))
  const expected = fileURLToPath(new URL('./mcp-conformance.yml', import.meta.url))
  const url = `http://localhost:${port}/mcp`
  const args = ['server', '--url', url, '--requirements', revision, '--expected-failures', expected]
  const child = spawn(process.execPath, [suite, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  child.stdout.on('data', chunk => (told += chunk))
  child.stderr.on('data', chunk => (told += chunk))
  const [code] = await once(child, 'close')
  return { code, told: told.slice(told.indexOf('=== SUMMARY')) }
}

for (const revision of ['2025-11-25', '2026-07-28'])
  test(`the server passes what the public conformance suite requires of revision ${revision}, but for what it does not have`, async () => {
    const { code, told } = await runSuite(revision)
    assert.equal(code, 0, told)
    assert.match(told, /✓ tools-call-with-progress: [2-9] passed, 0 failed/)
  })

/** Under another name than the one that was connected to, as a page has it whose name was given a new address. */
function statusUnder(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = forward(`${house.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${user.key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
    })
    call.on('error', reject).on('response', reply => {
      reply.resume()
      resolve(reply.statusCode)
    })
    call.end('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
  })
}

test('a page that reaches the server by a name of its own is kept out, and so are pages of other origins', async () => {
  const { host } = new URL(house.url)
  for (const [headers, status] of [
    [{ host }, 200],
    [{ host, origin: `http://${host}` }, 200],
    [{ host: 'evil.example.com', origin: 'http://evil.example.com' }, 403],
    [{ host: 'evil.example.com' }, 403],
    [{ host, origin: 'http://evil.example.com' }, 403],
  ] as const)
    assert.equal(await statusUnder(headers), status, JSON.stringify(headers))
})
