import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import OpenAI from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { openAiText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'
import { clientOf, publish, question, refusal, textOf } from './openai-calls.ts'

const upstream = await llmUpstream({ after }, { chunks: openAiText })
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'upstream-key' })
const user = await house.user()
const client = clientOf(house, user)

test('an agent answers as a model, whole and in chunks, with its usage', async () => {
  const owner = await house.user()
  await publish(owner, 'Helpful agent')
  const model = 'agent:helpful-agent'
  const whole = await client.chat.completions.create({ model, messages: question })
  const { message, finish_reason } = whole.choices[0] ?? {}
  assert.match(message?.content ?? '', /You said: How are you\?/)
  assert.equal(finish_reason, 'stop')
  assert.ok((whole.usage?.completion_tokens ?? 0) > 0)

  const streamed = await textOf(
    await client.chat.completions.create({
      model: `${model}@1`,
      messages: question,
      stream: true,
      stream_options: { include_usage: true },
    }),
  )
  assert.equal(streamed.text, message?.content)
  assert.deepEqual(streamed.finish, ['stop'])
  assert.equal(streamed.usages.at(-1)?.total_tokens, whole.usage?.total_tokens)
  assert.equal(streamed.ids.size, 1)
  const [id] = streamed.ids
  const run = await user.fetch(`/api/v1/runs/${id?.replace('chatcmpl-', '')}`)
  assert.equal(((await run.json()) as { output: string }).output, streamed.text, 'its id names the run')
})

test('an agent refuses what would change the form of its answer, and ignores settings of the model', async () => {
  await publish(user, 'Firm agent')
  const ask = (more: object) =>
    client.chat.completions.create({ model: 'agent:firm-agent', messages: question, ...more })
  const tool = { type: 'function', function: { name: 'x' } }
  for (const [param, more] of [
    ['tools', { tools: [tool] }],
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['messages[0]', { messages: [{ role: 'tool', tool_call_id: 'a', content: 'b' }] }],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }] },
    ],
  ] as const) {
    const error = await refusal(ask(more))
    assert.deepEqual([error.status, error.param, error.code], [400, param, 'invalid-request'])
  }
  const { choices } = await ask({ temperature: 2, max_tokens: 1 })
  assert.match(choices[0]?.message.content ?? '', /You said: How are you\?/)
})

test('a client that goes away ends the call at the provider, and the run of an agent', async () => {
  upstream.answer({ chunks: Array.from({ length: 500 }, () => openAiText[1] ?? ''), paceMs: 20 })
  const aborted = upstream.aborted()
  const options = { messages: question, stream: true } as const
  const stream = await client.chat.completions.create({ model: 'default/gpt', ...options })
  for await (const _ of stream) break
  await until(() => upstream.aborted() > aborted, 'the call at the provider ends')

  await publish(user, 'Talkative agent', { model: 'default/gpt', provider: null })
  const answer = await client.chat.completions.create({ model: 'agent:talkative-agent', ...options })
  let id = ''
  for await (const chunk of answer) {
    id = chunk.id.replace('chatcmpl-', '')
    if (chunk.choices[0]?.delta.content) break
  }
  await until(async () => {
    const run = (await (await user.fetch(`/api/v1/runs/${id}`)).json()) as { status: string }
    return run.status === 'cancelled'
  }, 'the run is cancelled')
})

test('a client that goes away while it waits for the whole answer ends the call too, and the run of an agent', async () => {
  const patient = await house.user()
  await publish(patient, 'Long-winded agent', { model: 'default/gpt' })
  upstream.answer({ chunks: Array.from({ length: 500 }, () => openAiText[1] ?? ''), paceMs: 20 })
  for (const model of ['default/gpt', 'agent:long-winded-agent']) {
    const [requests, aborted] = [upstream.requests.length, upstream.aborted()]
    const leave = new AbortController()
    const { signal } = leave
    const asking = clientOf(house, patient).chat.completions.create({ model, messages: question }, { signal })
    await until(() => upstream.requests.length > requests, 'the provider is asked')
    leave.abort()
    await assert.rejects(asking, OpenAI.APIUserAbortError)
    await until(() => upstream.aborted() > aborted, `the call at the provider ends: ${model}`)
  }
  await until(async () => {
    const reply = await patient.fetch('/api/v1/runs')
    const { data } = (await reply.json()) as { data: { status: string }[] }
    return data.length === 1 && data[0]?.status === 'cancelled'
  }, 'the run of the agent is cancelled')
})

test('the run of an agent that ended in a refusal is not begun again by the client itself', async () => {
  const patient = await house.user()
  const retrying = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: patient.key })
  const runs = async () =>
    ((await (await patient.fetch('/api/v1/runs')).json()) as { data: { status: string }[] }).data
  await publish(user, 'Waiting agent', { tools: [{ type: 'time', approval: true }] })
  const asked = [{ role: 'user' as const, content: 'call time' }]
  const waiting = await refusal(
    retrying.chat.completions.create({ model: 'agent:waiting-agent', messages: asked }),
  )
  assert.deepEqual([waiting.status, waiting.code], [409, 'conflict'])
  assert.deepEqual(
    (await runs()).map(({ status }) => status),
    ['waiting'],
  )

  upstream.answer({ status: 401, body: '{}' })
  await publish(user, 'Failing agent', { model: 'default/gpt' })
  const failed = await refusal(
    retrying.chat.completions.create({ model: 'agent:failing-agent', messages: question }),
  )
  assert.deepEqual([failed.status, failed.code], [502, 'provider-unauthorised'])
  assert.deepEqual((await runs()).map(({ status }) => status).toSorted(), ['failed', 'waiting'])

  await publish(user, 'Answering agent')
  const { response } = await retrying.chat.completions
    .create({ model: 'agent:answering-agent', messages: question })
    .withResponse()
  assert.equal(response.headers.get('x-should-retry'), null)
})

test('a server that stops before the answer is whole ends the run: its client cannot come back for it', async t => {
  const share = { databaseUrl: (await testDatabase(t)).appUrl, dataDir: await temporaryFolder(t) }
  const env = { LLM_BASE_URL: upstream.url }
  const stopping = await testHouse(t, env, { share })
  const caller = await stopping.user()
  const begin = json('POST', { name: 'Slow agent', model: 'default/gpt' })
  const { id } = (await (await caller.fetch('/api/v1/agents', begin)).json()) as { id: string }
  await caller.fetch(`/api/v1/agents/${id}/publish`, json('POST', {}))
  const script = { chunks: Array.from({ length: 500 }, () => openAiText[1] ?? ''), paceMs: 20 }
  upstream.answer(script)
  const asked = upstream.requests.length
  const ask = (stream: boolean) =>
    caller.fetch(
      '/v1/chat/completions',
      json('POST', { model: 'agent:slow-agent', messages: question, stream }),
    )
  const whole = ask(false)
  const streamed = await ask(true)
  await until(() => upstream.requests.length === asked + 2, 'both are under way')
  const closing = stopping.close()
  const refused = await whole
  assert.deepEqual([refused.status, refused.headers.get('x-should-retry')], [503, 'false'])
  assert.match(await streamed.text(), /"code":"shutting-down"/)
  await closing

  const next = await testHouse(t, env, { share })
  const headers = { authorization: `Bearer ${caller.key}` }
  await until(async () => {
    const { data } = (await (await next.anonymous('/api/v1/runs', { headers })).json()) as {
      data: { status: string }[]
    }
    assert.equal(data.length, 2)
    return data.every(({ status }) => status === 'cancelled')
  }, 'both runs are cancelled')
})
