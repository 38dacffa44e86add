import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import OpenAI, { APIError } from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { openAiText, saidText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { until } from '../src/testing/until.ts'
import { clientOf, publish, question, refusal, textOf } from './openai-calls.ts'

const upstream = await llmUpstream({ after }, { chunks: openAiText })
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'upstream-key' })
const user = await house.user()
const client = clientOf(house, user)

test('the models of providers and published agents are listed, and read one by one', async () => {
  await publish(user, 'Listed agent')
  const ids: string[] = []
  for await (const model of client.models.list()) ids.push(model.id)
  assert.ok(ids.includes('demo/demo'), ids.join())
  assert.ok(ids.includes('agent:listed-agent'), ids.join())
  assert.equal((await client.models.retrieve('demo/demo')).owned_by, 'demo')
  assert.equal((await client.models.retrieve('default/org/model-1')).id, 'default/org/model-1')
  const agent = await client.models.retrieve('agent:listed-agent')
  assert.deepEqual([agent.id, agent.object, agent.owned_by], ['agent:listed-agent', 'model', 'agents'])
  assert.ok(Math.abs(agent.created - Date.now() / 1000) < 600)
  assert.equal((await refusal(client.models.retrieve('agent:nobody'))).status, 404)
  assert.equal((await refusal(client.models.retrieve('nowhere/model'))).status, 404)
})

test('a model answers in chunks under one id, and tells its usage only when asked for it', async () => {
  upstream.answer({ chunks: openAiText })
  const stream = await client.chat.completions.create({
    model: 'default/gpt',
    messages: question,
    stream: true,
  })
  const plain = await textOf(stream)
  assert.equal(plain.text, saidText)
  assert.deepEqual(plain.finish, ['stop'])
  assert.equal(plain.ids.size, 1)
  assert.ok(plain.usages.every(usage => usage === undefined))

  const counted = await textOf(
    await client.chat.completions.create({
      model: 'default/gpt',
      messages: question,
      stream: true,
      stream_options: { include_usage: true },
    }),
  )
  assert.equal(counted.text, saidText)
  assert.equal(counted.usages.at(-1)?.total_tokens, 18)
  assert.ok(counted.usages.slice(0, -1).every(usage => usage === null))
})

test('what the client sends reaches the provider as it was sent, and its key is ours', async () => {
  upstream.answer({ chunks: openAiText })
  const tools: OpenAI.ChatCompletionTool[] = [
    {
      type: 'function',
      function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    },
  ]
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain.' },
  ]
  const options = {
    tools,
    tool_choice: 'auto' as const,
    parallel_tool_calls: false,
    response_format: {
      type: 'json_schema' as const,
      json_schema: { name: 'a', schema: { type: 'object' } },
    },
    logprobs: true,
    top_logprobs: 2,
    temperature: 0,
    max_completion_tokens: 50,
    seed: 7,
    reasoning_effort: 'low' as const,
  }
  for await (const _ of await client.chat.completions.create({
    model: 'default/org/gpt',
    messages,
    ...options,
    stream: true,
  }));
  const sent = upstream.requests.at(-1)
  assert.deepEqual(sent?.body, {
    model: 'org/gpt',
    messages,
    ...options,
    stream: true,
    stream_options: { include_usage: true },
  })
  assert.equal(sent?.headers.authorization, 'Bearer upstream-key')
})

test('tool calls of the model come through in pieces and whole', async () => {
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } },
  ]
  const messages = [{ role: 'user' as const, content: 'Please call weather {"city":"Bern"}' }]
  const whole = await client.chat.completions.create({ model: 'demo/demo', messages, tools })
  assert.equal(whole.choices[0]?.finish_reason, 'tool_calls')
  const [call] = whole.choices[0]?.message.tool_calls ?? []
  assert.ok(call?.type === 'function')
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Bern' })

  const runner = client.chat.completions.stream({ model: 'demo/demo', messages, tools })
  const { choices } = await runner.finalChatCompletion()
  const [streamed] = choices[0]?.message.tool_calls ?? []
  assert.ok(streamed?.type === 'function')
  assert.deepEqual(
    [streamed.function.name, streamed.function.arguments],
    ['weather', call.function.arguments],
  )
})

test('a whole answer of a model has our id, the name it was asked by, and its usage', async () => {
  const answer = {
    id: 'theirs',
    object: 'chat.completion',
    created: 1,
    model: 'theirs',
    system_fingerprint: 'fp_1',
  }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }]
  upstream.answer({ body: JSON.stringify({ ...answer, choices }) })
  const completion = await client.chat.completions.create({ model: 'default/gpt', messages: question })
  assert.match(completion.id, /^chatcmpl-/)
  assert.deepEqual([completion.model, completion.object], ['default/gpt', 'chat.completion'])
  assert.ok(completion.created > 1)
  assert.equal(completion.system_fingerprint, 'fp_1')
  assert.equal(completion.choices[0]?.message.content, 'Hello')
  assert.ok((completion.usage?.total_tokens ?? 0) > 0, 'it is estimated where the provider does not tell')
})

test('a refusal has the status and the form that the client knows, with the name of the field', async () => {
  const ask = (body: object) =>
    client.chat.completions.create({ model: 'demo/demo', messages: question, ...body })
  for (const [param, body] of [
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'robot', content: 'x' }] }],
    ['messages[1].content', { messages: [...question, { role: 'user', content: 7 }] }],
    ['temperature', { temperature: 3 }],
    ['messages', { messages: Array.from({ length: 1001 }, () => question[0]) }],
  ] as const) {
    const error = await refusal(ask(body as object))
    assert.deepEqual([error.status, error.type, error.param], [400, 'invalid_request_error', param])
  }
  const stranger = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'nobody', maxRetries: 0 })
  const unknown = await refusal(stranger.models.list())
  assert.deepEqual([unknown.status, unknown.code], [401, 'unauthenticated'])
  assert.equal((await refusal(ask({ model: 'nowhere/model' }))).code, 'model-not-found')
  assert.equal((await refusal(ask({ model: 'agent:nobody' }))).code, 'agent-not-found')
  assert.equal((await refusal(ask({ model: 'agent:No-Such!' }))).code, 'agent-not-found')
  const long = 'x'.repeat(8 * 1024 * 1024)
  const large = await refusal(ask({ messages: [{ role: 'user', content: long }] }))
  assert.deepEqual([large.status, large.code], [413, 'payload-too-large'])
  const reply = await user.fetch('/v1/nothing')
  assert.equal(reply.status, 404)
  const { error } = (await reply.json()) as { error: Record<string, unknown> }
  assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'])
})

test('what the provider refuses is told before the first chunk, and what breaks later is thrown in the stream', async () => {
  upstream.answer({ status: 400, body: '{"error":{"message":"Too hot."}}' })
  const options = { model: 'default/gpt', messages: question, stream: true } as const
  const refused = await refusal(client.chat.completions.create(options))
  assert.equal(refused.status, 400)
  assert.match(refused.message, /Too hot/)

  upstream.answer({ chunks: openAiText.slice(0, 3), end: 'cut' })
  const stream = await client.chat.completions.create(options)
  let text = ''
  await assert.rejects(
    async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    },
    (error: unknown) => error instanceof APIError && error.code === 'provider-failed',
  )
  assert.ok(text !== '' && saidText.startsWith(text), text)

  upstream.answer({ chunks: openAiText.slice(0, 3), end: 'cut' })
  const raw = await (await user.fetch('/v1/chat/completions', json('POST', options))).text()
  assert.match(raw, /\ndata: \{"error":\{"message":.*"code":"provider-failed"\}\}\n\n$/)
  assert.doesNotMatch(raw, /\[DONE\]/)
})

test('options by which another model would answer are refused, for chat and embeddings', async () => {
  const requests = upstream.requests.length
  for (const [param, value] of [
    ['models', ['other/large']],
    ['route', 'fallback'],
    ['provider', { order: ['other'] }],
    ['plugins', [{ id: 'web' }]],
    ['preset', 'large'],
    ['fallbacks', ['large']],
    ['api_base', 'https://other.example'],
    ['base_url', 'https://other.example'],
    ['service_tier', 'priority'],
  ] as const) {
    for (const stream of [false, true]) {
      const body = { model: 'default/gpt', messages: question, stream, [param]: value }
      const error = await refusal(client.chat.completions.create(body as never))
      assert.deepEqual([error.status, error.param, error.code], [400, param, 'invalid-request'])
    }
    const embedding = { model: 'default/embed', input: 'a', [param]: value }
    assert.equal((await refusal(client.embeddings.create(embedding as never))).param, param)
  }
  assert.equal(upstream.requests.length, requests)
  upstream.answer({ chunks: openAiText })
  const usual = { model: 'default/gpt', messages: question, service_tier: 'auto', stream: true } as const
  assert.equal((await textOf(await client.chat.completions.create(usual))).text, saidText)
})

test('a whole answer that is asked for again under its key is the same, and the provider is asked once', async () => {
  upstream.answer({ body: JSON.stringify({ choices: [], usage: null }) }, { status: 500, body: '{}' })
  const before = upstream.requests.length
  const init = json('POST', { model: 'default/gpt', messages: question })
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'asked-once' }
  const ask = async () => (await user.fetch('/v1/chat/completions', { ...init, headers })).json()
  const first = await ask()
  assert.match((first as { id: string }).id, /^chatcmpl-/)
  assert.deepEqual(await ask(), first)
  assert.equal(upstream.requests.length, before + 1)
})

test('embeddings come as floats or base64, whichever of both the provider gives', async () => {
  const floats = [0.5, -1.25, 3]
  const base64 = Buffer.from(new Float32Array(floats).buffer).toString('base64')
  const usage = { prompt_tokens: 3, total_tokens: 3 }
  for (const embedding of [floats, base64]) {
    upstream.answer({
      body: JSON.stringify({ object: 'list', data: [{ object: 'embedding', index: 0, embedding }], usage }),
    })
    const asked = { model: 'default/embed', input: ['a'] }
    // The client asks for base64 by itself and decodes it.
    const decoded = await client.embeddings.create(asked)
    assert.deepEqual([decoded.data[0]?.embedding, decoded.usage], [floats, usage])
    const plain = await client.embeddings.create({ ...asked, encoding_format: 'float' })
    assert.deepEqual(plain.data[0]?.embedding, floats)
    assert.equal(plain.model, 'default/embed')
  }
  const many = Array.from({ length: 2049 }, () => 'a')
  const error = await refusal(client.embeddings.create({ model: 'default/embed', input: many }))
  assert.deepEqual([error.status, error.param], [400, 'input'])
})

test('each call of a model is recorded with what it took', async () => {
  const caller = await house.user()
  upstream.answer({ chunks: openAiText })
  await textOf(
    await clientOf(house, caller).chat.completions.create({
      model: 'default/gpt',
      messages: question,
      stream: true,
    }),
  )
  type Row = { provider: string; model: string; input_tokens: string; output_tokens: string; status: string }
  await until(async () => {
    const { rows } = await sql<Row>`select * from gateway_calls where user_id = ${caller.id}`.execute(
      house.ground.database.system,
    )
    if (rows.length === 0) return false
    const [{ provider, model, input_tokens, output_tokens, status }] = rows as [Row]
    assert.deepEqual(
      [rows.length, provider, model, Number(input_tokens), Number(output_tokens), status],
      [1, 'default', 'gpt', 12, 6, 'done'],
    )
    return true
  }, 'the call is recorded')
})
