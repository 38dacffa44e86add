import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createClient } from '@roundhouse/sdk'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { keptLog } from '../src/testing/kept-log.ts'
import { llmUpstream, type Scripted } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { identityModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'
import { publish } from './openai-calls.ts'

const upstream = await llmUpstream({ after }, obey)
const { log, lines } = keptLog()
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url }, { log })
const owner = await house.user()
const user = await house.user()
const client = createClient({ baseUrl: house.url, token: user.key })
const obedient = { provider: 'default', model: 'obedient' }
await publish(owner, 'Clerk', { ...obedient, tools: [{ type: 'time' }] })
await publish(owner, 'Careful', { ...obedient, tools: [{ type: 'time', approval: true }] })
await publish(owner, 'Secret', { ...obedient, visibility: 'private' })
const price = await house.pushed('price', identityModel('FP32', ['N', 2]), {
  visibility: 'users',
  price: '7',
})
await house.pushed('open.price', identityModel('FP32', ['N', 2]), { visibility: 'public' })
await house.pushed('private', identityModel('FP32', ['N', 2]))
await house.fetch(
  `/api/v1/admin/users/${user.id}/credits`,
  json('POST', { amount: 1000, reason: 'to call tools' }),
)

type Era = 'legacy' | 'modern'
const eras: readonly Era[] = ['legacy', 'modern']

async function connect(
  era: Era,
  key?: string,
  capabilities: { elicitation?: { form: Record<string, string> } } = {},
): Promise<Client> {
  const mode = era === 'legacy' ? 'legacy' : { pin: '2026-07-28' }
  const mcp = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode } })
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  await mcp.connect(
    new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), { requestInit: { headers } }),
  )
  after(() => mcp.close())
  return mcp
}

async function namesOf(mcp: Client): Promise<string[]> {
  return (await mcp.listTools()).tools.map(({ name }) => name)
}

type Answer = Awaited<ReturnType<Client['callTool']>>

function textOf({ content }: Answer): string {
  return content.map(part => (part.type === 'text' ? part.text : '')).join('\n')
}

function runOf({ _meta: meta }: Answer): string {
  return String(meta?.['roundhouse/run_id'])
}

function ask(name: string, message: string): { name: string; arguments: Record<string, unknown> } {
  return { name, arguments: { message } }
}

/** Says so much, and then nothing more. */
const silent: Scripted = {
  chunks: [JSON.stringify({ choices: [{ index: 0, delta: { content: 'I begin' }, finish_reason: null }] })],
  end: 'hang',
}

const shown = ['agent_careful', 'agent_clerk', 'model_open_price_', 'model_price']

for (const era of eras) {
  const mcp = await connect(era, user.key)

  test(`${era}: agents and models are tools by name, with the forms of what they take and give`, async () => {
    const { tools } = await mcp.listTools()
    assert.deepEqual(
      tools.map(({ name }) => name.replace(/_[0-9a-f]{8}$/, '_')),
      shown,
    )
    const model = tools.find(({ name }) => name === 'model_price')
    const nested = (items: object) => ({
      type: 'array',
      items: { type: 'array', items, minItems: 2, maxItems: 2 },
    })
    assert.deepEqual(model?.inputSchema.properties, { x: nested({ type: 'number' }) })
    assert.deepEqual(model?.outputSchema?.required, ['y'])
    assert.equal(model?.annotations?.readOnlyHint, true)
    assert.match(model?.description ?? '', /7 credits/)
    const agent = tools.find(({ name }) => name === 'agent_clerk')
    assert.deepEqual(Object.keys(agent?.inputSchema.properties ?? {}), ['message', 'thread_id'])
  })

  test(`${era}: a call of an agent is a run of the caller, told step by step`, async () => {
    const told: { message: string | undefined; progress: number }[] = []
    const answer = await mcp.callTool(ask('agent_clerk', order('time', '{}')), {
      onprogress: ({ message, progress }) => told.push({ message, progress }),
    })
    assert.equal(textOf(answer), 'Done.')
    assert.match(
      told.map(({ message }) => message).join('|'),
      /Step 1.*time is called.*time has answered.*Done\./,
    )
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a.progress - b.progress),
    )
    assert.equal(new Set(told.map(({ progress }) => progress)).size, told.length)
    const run = await client.runs.get(runOf(answer))
    assert.deepEqual([run.status, run.output], ['done', 'Done.'])
  })

  test(`${era}: calls with the same thread are one conversation`, async () => {
    const thread_id = randomUUID()
    await mcp.callTool({ name: 'agent_clerk', arguments: { message: 'First.', thread_id } })
    const answer = await mcp.callTool({ name: 'agent_clerk', arguments: { message: 'Second.', thread_id } })
    assert.equal((await client.runs.get(runOf(answer))).thread_id, thread_id)
    const { messages } = (upstream.requests.at(-1) ?? { body: {} }).body as {
      messages?: { content: string }[]
    }
    assert.deepEqual(
      messages?.slice(-3).map(({ content }) => content),
      ['First.', 'Done.', 'Second.'],
    )
  })

  test(`${era}: a call of a model is a prediction: paid, and in the history`, async () => {
    const before = (await client.credits.get()).balance
    const x = [[Math.random(), 2]]
    const answer = await mcp.callTool({ name: 'model_price', arguments: { x } })
    const y = (answer.structuredContent as { y: number[][] }).y
    assert.equal(y[0]?.[1], 2)
    assert.deepEqual(JSON.parse(textOf(answer)), answer.structuredContent)
    assert.equal((await client.credits.get()).balance, before - 7)
    const history = await user.fetch(`/api/v1/models/${price.id}/predictions?limit=1`)
    const { data } = (await history.json()) as { data: { output_data: unknown }[] }
    assert.deepEqual(data[0]?.output_data, answer.structuredContent)
  })

  test(`${era}: what a tool cannot take is told in our words, and what is no tool by the protocol`, async () => {
    const wrong = await mcp.callTool({ name: 'model_price', arguments: { x: 'seven' } })
    assert.equal(wrong.isError, true)
    assert.match(textOf(wrong), /Input 'x': expected shape/)
    const empty = await mcp.callTool({ name: 'agent_clerk', arguments: { question: 'Well?' } })
    assert.equal(empty.isError, true)
    assert.match(textOf(empty), /message/)
    await assert.rejects(mcp.listTools({ cursor: 'bm9uZQ' }), { code: -32602, message: /cursor/ })
    for (const name of ['agent_secret', 'model_private', 'agent_none', 'none'])
      await assert.rejects(mcp.callTool(ask(name, 'Hello.')), { code: -32602, message: /no tool named/ })
  })

  test(`${era}: cancelling the call cancels the run`, async () => {
    upstream.answer(silent)
    try {
      const stop = new AbortController()
      const told: string[] = []
      const call = mcp.callTool(ask('agent_clerk', 'Begin.'), {
        signal: stop.signal,
        onprogress: ({ message = '' }) => told.push(message),
      })
      const ended = assert.rejects(call)
      await until(() => told.includes('I begin'), 'the agent has begun to speak')
      const runId = /The run (\S+) begins/.exec(told.join('\n'))?.[1] ?? ''
      stop.abort()
      await ended
      await until(async () => (await client.runs.get(runId)).status === 'cancelled', 'the run is cancelled')
    } finally {
      upstream.answer(obey)
    }
  })
}

test('legacy: a connection that is lost cancels nothing, for the protocol has a notice for that', async () => {
  let goOn = () => {}
  const held = new Promise<void>(resolve => {
    goOn = resolve
  })
  const chunks = [{ content: 'Held' }, { content: ' back.' }, {}].map((delta, index) =>
    JSON.stringify({ choices: [{ index: 0, delta, finish_reason: index === 2 ? 'stop' : null }] }),
  )
  upstream.answer({ chunks, before: index => (index === 1 ? held : undefined) })
  try {
    const leave = new AbortController()
    const params = { ...ask('agent_clerk', 'Begin.'), _meta: { progressToken: 1 } }
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    const reply = await post(call, {}, leave.signal)
    let told = ''
    for await (const part of reply.body ?? []) {
      told += Buffer.from(part).toString()
      if (told.includes('"Held"')) break
    }
    leave.abort()
    const runId = /The run (\S+) begins/.exec(told)?.[1] ?? ''
    goOn()
    await until(async () => (await client.runs.get(runId)).finished_at !== null, 'the run has ended')
    const { status, output } = await client.runs.get(runId)
    assert.deepEqual([status, output], ['done', 'Held back.'])
  } finally {
    goOn()
    upstream.answer(obey)
  }
})

test('modern: a question to a person goes to the client, and what they say to the run', async () => {
  for (const approved of [true, false]) {
    const mcp = await connect('modern', user.key, { elicitation: { form: {} } })
    const asked: string[] = []
    mcp.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message)
      return { action: 'accept', content: { approved } }
    })
    const told: string[] = []
    const answer = await mcp.callTool(ask('agent_careful', order('time', '{}')), {
      onprogress: ({ message = '' }) => told.push(message),
    })
    assert.equal(textOf(answer), 'Done.')
    assert.match(asked.join('\n'), /^Careful wants to call the tool time with \{\}\. Do you allow it\?$/)
    assert.equal(told.filter(message => message.startsWith('Step 1')).length, 1, 'nothing is told twice')
    const { spans } = await client.runs.trace(runOf(answer))
    const tool = spans.find(({ kind }) => kind === 'tool')
    assert.equal(tool?.status === 'done', approved, JSON.stringify(spans))
  }
})

test('a client that cannot ask is told that the run waits, and how it is answered', async () => {
  for (const era of eras) {
    const mcp = await connect(era, user.key)
    const answer = await mcp.callTool(ask('agent_careful', order('time', '{}')))
    const runId = runOf(answer)
    const path = /POST (\S+) with/.exec(textOf(answer))?.[1] ?? ''
    assert.equal((await client.runs.get(runId)).status, 'waiting')
    assert.equal((await user.fetch(path, json('POST', { approved: true }))).status, 200)
    await until(async () => (await client.runs.get(runId)).status === 'done', 'the run has gone on')
  }
})

test('the state of a waiting run is good for its caller and call alone', async () => {
  const params = { ...ask('agent_careful', order('time', '{}')), _meta: metaOf({ elicitation: {} }) }
  const waiting = await modern(user, 'tools/call', params)
  const { requestState, inputRequests } = waiting.result as {
    requestState: string
    inputRequests: Record<string, unknown>
  }
  const [id = ''] = Object.keys(inputRequests)
  const yes = { action: 'accept', content: { approved: true } }
  const inputResponses = { [id]: yes, [randomUUID()]: yes, name: 'of no question' }
  const again = { ...params, requestState, inputResponses }
  const changed = { ...again, requestState: `${requestState}A` }
  for (const reply of [await modern(owner, 'tools/call', again), await modern(user, 'tools/call', changed)])
    assert.equal((reply.error as { code: number }).code, -32602)
  for (const change of [{ name: 'agent_clerk' }, { arguments: { message: 'Pay.' } }]) {
    const other = await modern(user, 'tools/call', { ...again, ...change })
    assert.match(JSON.stringify(other.result), /another call.*"isError":true/)
  }
  const done = await modern(user, 'tools/call', again)
  assert.match(JSON.stringify(done.result), /Done\./)
})

test('a credential has the tools of its scopes, and nobody the free public ones', async () => {
  const predicting = await house.user({ scopes: ['predict'] })
  const asking = await house.user({ scopes: ['agents'] })
  const plain = async (key?: string) =>
    (await namesOf(await connect('modern', key))).map(name => name.replace(/_[0-9a-f]{8}$/, '_'))
  assert.deepEqual(await plain(predicting.key), ['model_open_price_', 'model_price'])
  assert.deepEqual(await plain(asking.key), ['agent_careful', 'agent_clerk'])
  assert.deepEqual(await plain(), ['model_open_price_'])
  assert.deepEqual(await plain(owner.key), [...shown.slice(0, 2), 'agent_secret', ...shown.slice(2)])
  const nobody = await connect('legacy')
  const [name = ''] = await namesOf(nobody)
  const answer = await nobody.callTool({ name, arguments: { x: [[1, 2]] } })
  assert.deepEqual(answer.structuredContent, { y: [[1, 2]] })
  await assert.rejects(nobody.callTool(ask('model_price', '')), { code: -32602, message: /key or token/ })
})

function metaOf(capabilities: object): Record<string, unknown> {
  return {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
}

function post(body: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return user.fetch('/mcp', {
    method: 'POST',
    body,
    ...(signal ? { signal } : {}),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  })
}

/** The answer of one request, as it stands on the wire. */
async function modern(
  who: TestUser,
  method: string,
  params: { name: string; [field: string]: unknown },
): Promise<Record<string, unknown>> {
  const reply = await who.fetch('/mcp', {
    ...json('POST', { jsonrpc: '2.0', id: 1, method, params }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      'mcp-name': params.name,
    },
  })
  const text = await reply.text()
  const data = text.startsWith('{') ? text : text.split('\n').findLast(line => line.startsWith('data: {'))
  return JSON.parse(data?.replace(/^data: /, '') ?? '{}')
}

const discover = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

test('what is refused before the protocol has its form, our request id, and says what to do', async () => {
  for (const [status, code, reply] of [
    [401, 'unauthenticated', await post(discover, { authorization: 'Bearer rh_none' })],
    [400, 'invalid-json', await post('{"jsonrpc"')],
    [400, 'invalid-request', await post(`[${discover}]`)],
    [413, 'payload-too-large', await post(JSON.stringify({ text: 'x'.repeat(1_100_000) }))],
    [415, 'unsupported-media-type', await post(discover, { 'content-type': 'text/plain' })],
    [405, 'method-not-allowed', await user.fetch('/mcp', { headers: { accept: 'text/event-stream' } })],
    [405, 'method-not-allowed', await user.fetch('/mcp', { method: 'DELETE' })],
    [403, 'forbidden', await (await house.user({ scopes: ['files'] })).fetch('/mcp', json('POST', {}))],
  ] as const) {
    const body = (await reply.json()) as { error: { message: string; data: Record<string, unknown> } }
    assert.deepEqual([reply.status, body.error.data.code], [status, code], body.error.message)
    assert.equal(body.error.data.request_id, reply.headers.get('x-request-id'))
    if (status === 401) assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/)
    if (status === 405) assert.match(reply.headers.get('allow') ?? '', /POST/)
  }
})

test('the id of a request is told back, and is that of the run and of a line in the log', async () => {
  const call = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: ask('agent_clerk', 'Hello.') }
  const reply = await post(JSON.stringify(call), { 'x-request-id': 'from-the-client-1' })
  assert.equal(reply.headers.get('x-request-id'), 'from-the-client-1')
  const runId = /run_id":"([0-9a-f-]+)/.exec(await reply.text())?.[1] ?? ''
  assert.equal((await client.runs.get(runId)).request_id, 'from-the-client-1')
  const { request_id, tool, era, is_error } = lines.findLast(({ event }) => event === 'mcp-call') ?? {}
  assert.deepEqual([request_id, tool, era, is_error], ['from-the-client-1', 'agent_clerk', 'legacy', false])
  const faults = lines.filter(({ event }) => event === 'request-fail')
  assert.deepEqual(faults, [], 'no call so far was a fault of ours, those that were cancelled neither')
})

test('nobody waits for news that are never told, whatever id they ask under', async () => {
  for (const id of [1, 'x'.repeat(1000)])
    assert.equal(
      (await post(JSON.stringify({ ...JSON.parse(discover), id, method: 'subscriptions/listen' }))).status,
      404,
    )
})

test('calls count against the limits of the plan', async () => {
  await house.fetch('/api/v1/admin/plans/free', json('PATCH', { requests_per_minute: 3 }))
  const limited = await house.user({ plan: 'free' })
  const statuses: number[] = []
  for (let call = 0; call < 4; call += 1)
    statuses.push((await limited.fetch('/mcp', json('POST', JSON.parse(discover)))).status)
  assert.equal(statuses.at(-1), 429)
  assert.ok(!statuses.slice(0, 3).includes(429), String(statuses))
})
