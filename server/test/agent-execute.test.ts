import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type Log, silentLog } from '../src/kit/log.ts'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { openAiText, saidText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { until } from '../src/testing/until.ts'

const secret = 'railway-secret-of-more-than-32-characters'
const upstream = await llmUpstream({ after }, { chunks: openAiText })
/** Requests whose client was gone before the end of the answer. */
let left = 0
const log: Log = {
  ...silentLog,
  info(event, fields) {
    if (event === 'request-end' && fields?.status === 499) left += 1
  },
}
const house = await testHouse(
  { after },
  { LLM_BASE_URL: upstream.url, RAILWAY_BACKEND_SECRET: secret },
  { log },
)
const owner = await house.user()
const user = await house.user()
const messages = [{ role: 'user', content: 'Hello' }]

async function createAgent(by: TestUser, more: Record<string, unknown> = {}): Promise<string> {
  const config = { name: `agent ${randomUUID()}`, model: 'org/gpt', visibility: 'users', ...more }
  const reply = await by.fetch('/api/v1/agents', json('POST', config))
  assert.equal(reply.status, 201, await reply.clone().text())
  return ((await reply.json()) as { id: string }).id
}

async function publishedAgent(more: Record<string, unknown> = {}): Promise<string> {
  const id = await createAgent(owner, more)
  const reply = await owner.fetch(`/api/v1/agents/${id}/publish`, json('POST', {}))
  assert.equal(reply.status, 200, await reply.text())
  return id
}

/** What the provider was asked last. */
function asked(): Record<string, unknown> {
  return upstream.requests.at(-1)?.body as Record<string, unknown>
}

function execute(by: TestUser, body: unknown, key?: string, signal?: AbortSignal): Promise<Response> {
  const { headers, ...init } = json('POST', body)
  return by.fetch('/api/agent/execute', {
    ...init,
    headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    signal: signal ?? null,
  })
}

/** A provider's chunks of a text in pieces, the last of which may be a tool that is called. */
function says(...pieces: string[]): string[] {
  const isCall = pieces.at(-1) === 'time'
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'time', arguments: '{}' } }
  const deltas = pieces.map(piece => (piece === 'time' ? { tool_calls: [call] } : { content: piece }))
  const choices = deltas.map(delta => ({ index: 0, delta, finish_reason: null as string | null }))
  choices.push({ index: 0, delta: {} as never, finish_reason: isCall ? 'tool_calls' : 'stop' })
  return choices.map(choice => JSON.stringify({ id: 'c', created: 1, model: 'gpt', choices: [choice] }))
}

function executeValidated(body: unknown, headers: Record<string, string> = { 'x-railway-secret': secret }) {
  const init = json('POST', body)
  return house.anonymous('/api/agent/execute-validated', {
    ...init,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function eventsOf(reply: Response): Promise<Record<string, unknown>[]> {
  const text = await reply.text()
  assert.match(text, /^(data: [^\n]+\n\n)+$/, 'one data line and a blank line each')
  return text
    .split('\n\n')
    .filter(Boolean)
    .map(event => JSON.parse(event.slice('data: '.length)))
}

test('the health of the door is told without a credential', async () => {
  const reply = await house.anonymous('/api/agent/health')
  assert.deepEqual(await reply.json(), { status: 'ok', service: 'agent-executor' })
})

test('an agent answers whole, with the time it took in whole milliseconds', async () => {
  upstream.answer({ chunks: openAiText })
  const reply = await execute(user, { agentId: await publishedAgent(), messages })
  assert.equal(reply.status, 200)
  const { response, executionTime, ...more } = (await reply.json()) as Record<string, unknown>
  assert.deepEqual([response, more], [saidText, {}])
  assert.ok(Number.isInteger(executionTime))
})

test('an agent answers in chunks, and a last event has the whole answer', async () => {
  upstream.answer({ chunks: openAiText })
  const reply = await execute(user, { agentId: await publishedAgent(), messages, stream: true })
  assert.equal(reply.headers.get('content-type'), 'text/event-stream')
  assert.equal(reply.headers.get('cache-control'), 'no-cache')
  const events = await eventsOf(reply)
  const { executionTime, ...done } = events.at(-1) ?? {}
  assert.deepEqual(done, { type: 'done', response: saidText })
  assert.ok(Number.isInteger(executionTime))
  const chunks = events.slice(0, -1)
  assert.ok(chunks.every(({ type }) => type === 'chunk'))
  assert.equal(chunks.map(({ content }) => content).join(''), saidText)
})

test('what the client says of the agent has no effect, but for a backend with the secret', async () => {
  const agentId = await publishedAgent({ system_prompt: 'Be kind.', temperature: 0, max_tokens: 7 })
  const agentConfig = { system_prompt: 'Be evil.', ai_model: 'evil/model', temperature: 1, max_tokens: 4000 }
  upstream.answer({ chunks: openAiText })
  await (await execute(user, { agentId, messages, agentConfig })).text()
  const own = asked()
  assert.deepEqual(
    [own.model, own.temperature, own.max_tokens, own.messages],
    ['org/gpt', 0, 7, [{ role: 'system', content: 'Be kind.' }, ...messages]],
  )

  const knowledge_base = [{ content: 'One.' }, { content: 'Two.' }]
  const body = { agentId, userId: user.id, messages, agentConfig: { ...agentConfig, knowledge_base } }
  const reply = await executeValidated({ ...body, stream: false, functionResults: [1] })
  assert.equal(reply.status, 200, await reply.clone().text())
  assert.equal(((await reply.json()) as { response: string }).response, saidText)
  const theirs = asked()
  assert.deepEqual(
    [theirs.model, theirs.temperature, theirs.max_tokens, theirs.messages],
    ['evil/model', 1, 4000, [{ role: 'system', content: 'Be evil.\n\nOne.\n\nTwo.' }, ...messages]],
  )
})

test('a backend is answered in chunks unless it says otherwise, by the defaults of the one before, and nobody pays', async () => {
  const agentId = await publishedAgent({ price: 5, tools: [{ type: 'time' }] })
  upstream.answer({ chunks: openAiText })
  for (const userId of [user.id, randomUUID()]) {
    const events = await eventsOf(await executeValidated({ agentId, userId, messages, agentConfig: {} }))
    assert.equal(events.at(-1)?.response, saidText)
    const { model, temperature, max_tokens, tools } = asked()
    assert.deepEqual([model, temperature, max_tokens, tools], ['org/gpt', 0.7, 1000, undefined])
  }
  const zero = await executeValidated({ agentId, userId: user.id, messages, agentConfig: { temperature: 0 } })
  await zero.text()
  assert.equal(asked().temperature, 0)
  const { data } = (await (await user.fetch(`/api/v1/runs?agent_id=${agentId}`)).json()) as {
    data: { credits: number }[]
  }
  assert.deepEqual(
    data.map(({ credits }) => credits),
    [0, 0],
    'the runs are those of the user',
  )
})

test('an agent that only its backend knows is answered by the model that the backend names, and not without one', async () => {
  upstream.answer({ chunks: openAiText })
  const body = { agentId: randomUUID(), userId: user.id, messages, stream: false }
  const named = await executeValidated({
    ...body,
    agentConfig: { ai_model: 'their/model', system_prompt: 'Be theirs.' },
  })
  assert.deepEqual([named.status, ((await named.json()) as { response: string }).response], [200, saidText])
  const { model, messages: told } = asked()
  assert.deepEqual([model, told], ['their/model', [{ role: 'system', content: 'Be theirs.' }, ...messages]])
  const { data } = (await (await user.fetch(`/api/v1/runs?agent_id=${body.agentId}`)).json()) as {
    data: { status: string; credits: number }[]
  }
  assert.deepEqual(
    data.map(({ status, credits }) => [status, credits]),
    [['done', 0]],
  )
  const unnamed = await executeValidated({ ...body, agentConfig: {} })
  assert.deepEqual([unnamed.status, await unnamed.json()], [404, { error: 'Agent not found' }])
})

/** A key is free a moment after its stream has ended or its client is gone. */
async function onceFree(ask: () => Promise<Response>): Promise<Response> {
  let reply = await ask()
  await until(async () => {
    if (reply.status === 409) reply = await ask()
    return reply.status !== 409
  }, 'the key is free')
  return reply
}

test('one Idempotency-Key is one run: its answer is given again, whole or streamed, and not asked for again', async () => {
  const agentId = await publishedAgent()
  const backend = { agentId, userId: user.id, messages, agentConfig: {} }
  for (const stream of [false, true])
    for (const ask of [
      (key: string) => execute(user, { agentId, messages, stream }, key),
      (key: string) =>
        executeValidated({ ...backend, stream }, { 'x-railway-secret': secret, 'idempotency-key': key }),
    ]) {
      upstream.answer({ chunks: openAiText })
      const key = randomUUID()
      const before = upstream.requests.length
      for (let tries = 1; tries <= 3; tries++) {
        const reply = await onceFree(() => ask(key))
        assert.equal(reply.status, 200, await reply.clone().text())
        const { response } = stream
          ? ((await eventsOf(reply)).at(-1) ?? {})
          : ((await reply.json()) as { response: string })
        assert.equal(response, saidText, `try ${tries}`)
      }
      assert.equal(upstream.requests.length, before + 1)
    }

  const key = randomUUID()
  upstream.answer({ status: 400, body: '{"error":{"message":"Too hot."}}' })
  assert.equal((await execute(user, { agentId, messages }, key)).status, 500)
  upstream.answer({ chunks: openAiText })
  assert.equal((await execute(user, { agentId, messages }, key)).status, 200, 'what failed is begun anew')
  const other = await execute(user, { agentId, messages: [{ role: 'user', content: 'Else' }] }, key)
  assert.equal(other.status, 422)
})

test('who comes back with the same key after the connection was lost gets the answer of the run that went on', async () => {
  for (const stream of [false, true]) {
    const agentId = await publishedAgent()
    const rest = Promise.withResolvers<void>()
    upstream.answer({ chunks: openAiText, before: index => (index === 3 ? rest.promise : undefined) })
    const [asked, gone] = [upstream.requests.length, left]
    const leave = new AbortController()
    const key = randomUUID()
    const lost = execute(user, { agentId, messages, stream }, key, leave.signal).then(reply => reply.text())
    lost.catch(() => {})
    await until(() => upstream.requests.length > asked, 'the provider is asked')
    leave.abort()
    await assert.rejects(lost, { name: 'AbortError' })
    await until(() => left > gone, 'the server has seen it go')
    rest.resolve()
    const again = await onceFree(() => execute(user, { agentId, messages, stream }, key))
    const { response } = stream
      ? ((await eventsOf(again)).at(-1) ?? {})
      : ((await again.json()) as { response: string })
    assert.equal(response, saidText)
    assert.equal(upstream.requests.length, asked + 1)
  }
})

test('a stream has all that an agent says, apart where it called tools, and ends with the whole answer', async () => {
  const agentId = await publishedAgent({ tools: [{ type: 'time' }] })
  const turns = () =>
    upstream.answer({ chunks: says('Let me look.', 'time') }, { chunks: says('It is ', 'noon.') })
  turns()
  const whole = (await (await execute(user, { agentId, messages })).json()) as { response: string }
  turns()
  const events = await eventsOf(await execute(user, { agentId, messages, stream: true }))
  const told = events.map(({ content = '' }) => content).join('')
  assert.equal(whole.response, 'It is noon.')
  assert.deepEqual([told, events.at(-1)?.response], ['Let me look.\n\nIt is noon.', whole.response])
})

test('of an answer in a form only what was accepted is streamed, and it is the whole answer', async () => {
  const output_schema = {
    type: 'object',
    required: ['time'],
    additionalProperties: false,
    properties: { time: {} },
  }
  const agentId = await publishedAgent({ output_schema })
  const turns = () => upstream.answer({ chunks: says('{"noon":', '1}') }, { chunks: says('{"time":', '12}') })
  turns()
  const whole = (await (await execute(user, { agentId, messages })).json()) as { response: string }
  turns()
  const events = await eventsOf(await execute(user, { agentId, messages, stream: true }))
  const told = events.map(({ content = '' }) => content).join('')
  assert.deepEqual([told, events.at(-1)?.response, whole.response], Array(3).fill('{"time":12}'))
})

test('an agent goes on without the client that asked it, in chunks and whole, and its answer is kept', async () => {
  for (const stream of [true, false]) {
    const agentId = await publishedAgent()
    const rest = Promise.withResolvers<void>()
    upstream.answer({ chunks: openAiText, before: index => (index === 3 ? rest.promise : undefined) })
    const [asked, gone, broken] = [upstream.requests.length, left, upstream.aborted()]
    const leave = new AbortController()
    const init = json('POST', { agentId, messages, stream })
    const asking = user.fetch('/api/agent/execute', { ...init, signal: leave.signal })
    const answer = asking.then(reply => reply.text())
    await until(() => upstream.requests.length > asked, 'the provider is asked')
    // In chunks the answer has begun by then.
    if (stream) await asking
    leave.abort()
    await assert.rejects(answer, { name: 'AbortError' })
    await until(() => left > gone, 'the server has seen it go')
    rest.resolve()
    await until(async () => {
      const reply = await user.fetch(`/api/v1/runs?agent_id=${agentId}`)
      const { data } = (await reply.json()) as { data: { status: string; output: string }[] }
      return data.length === 1 && data[0]?.status === 'done' && data[0].output === saidText
    }, 'the run is done')
    assert.equal(upstream.aborted(), broken)
  }
})

test('refusals have the forms of the backend before', async () => {
  const agentId = await publishedAgent()
  const answer = async (reply: Response) => [reply.status, await reply.json()]

  const bad = (await answer(await execute(user, { agentId: 'x', messages: [] }))) as [
    number,
    Record<string, unknown>,
  ]
  assert.deepEqual([bad[0], bad[1].error], [400, 'Invalid request'])
  const paths = (bad[1].details as { path: string[] }[]).map(({ path }) => path.join('.'))
  assert.deepEqual(paths, ['agentId', 'messages'])
  const structure = await executeValidated({ agentId, userId: user.id, messages })
  assert.equal(structure.status, 400)
  assert.equal(((await structure.json()) as { error: string }).error, 'Invalid request structure')

  const anonymous = await house.anonymous('/api/agent/execute', json('POST', { agentId, messages }))
  assert.equal(anonymous.status, 401)
  assert.deepEqual(Object.keys((await anonymous.json()) as object), ['error'])
  const hidden = await createAgent(owner)
  assert.deepEqual(await answer(await execute(user, { agentId: hidden, messages })), [
    403,
    { error: 'Access denied' },
  ])
  assert.deepEqual(await answer(await execute(user, { agentId: randomUUID(), messages })), [
    404,
    { error: 'Agent not found' },
  ])
  const [status, { error, message }] = (await answer(
    await execute(user, { agentId: await publishedAgent({ price: 1_000_000_000 }), messages }),
  )) as [number, Record<string, unknown>]
  assert.deepEqual([status, error, typeof message], [402, 'Insufficient credits', 'string'])

  const lost = await execute(user, {
    agentId: await publishedAgent({ provider: 'demo', model: 'none' }),
    messages,
  })
  assert.deepEqual(
    [lost.status, ((await lost.json()) as { error: string }).error],
    [500, 'Agent execution failed'],
    'a model that is not there is no fault of who asks',
  )

  upstream.answer({ status: 400, body: '{"error":{"message":"Too hot."}}' })
  const [failed, failure] = (await answer(await execute(user, { agentId, messages }))) as [
    number,
    Record<string, unknown>,
  ]
  assert.deepEqual([failed, failure.error], [500, 'Agent execution failed'])
  assert.match(String(failure.message), /Too hot/)
  const [event] = await eventsOf(await execute(user, { agentId, messages, stream: true }))
  assert.equal(event?.type, 'error')
  assert.match(String(event?.error), /Too hot/)
})

test('only the whole secret opens the door of backends, and none does while it is not set', async t => {
  const body = { agentId: await publishedAgent(), userId: user.id, messages, agentConfig: {} }
  const wrong = [secret.slice(0, -1), `${secret}x`, '', secret.replace('r', 'R')]
  for (const given of wrong)
    assert.equal((await executeValidated(body, { 'x-railway-secret': given })).status, 401, given)
  for (const authorization of [`Bearer ${user.key}`, `Bearer ${secret}`])
    assert.equal((await executeValidated(body, { authorization })).status, 401)
  const closed = await testHouse(t)
  for (const given of ['', secret]) {
    const init = json('POST', body)
    const headers = { 'content-type': 'application/json', 'x-railway-secret': given }
    const reply = await closed.anonymous('/api/agent/execute-validated', { ...init, headers })
    assert.equal(reply.status, 401)
  }
})
