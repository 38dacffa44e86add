import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { collect } from '../../../ports/llm.contract.ts'
import type { ChatBody } from '../../../ports/llm.ts'
import { broken, key } from '../../../testing/llm-fixture.ts'
import { anthropicStream, anthropicText, googleStream, googleText } from '../../../testing/vendor-answers.ts'
import { model, vendorProvider as provider, request, tools } from '../../../testing/vendor-fixture.ts'
import { isFields } from '../openai/chunk.ts'
import type { Vendor } from './vendors.ts'

const { signal } = new AbortController()

/** What the vendor was sent. */
async function sent(t: TestContext, ask: ChatBody, vendor: Vendor = 'anthropic') {
  const script = vendor === 'google' ? googleStream(googleText) : anthropicStream(anthropicText)
  const { llm, upstream } = await provider(t, [script], { vendor })
  await collect(llm.stream({ ...ask, model }, signal))
  const [{ body } = assert.fail()] = upstream.requests
  return isFields(body) ? body : assert.fail()
}

test('says in the protocol of Anthropic what was asked in that of OpenAI, and shows its key there alone', async t => {
  const { llm, upstream } = await provider(t, [anthropicStream(anthropicText)])
  const call = (id: string, city: string) => ({
    id,
    type: 'function',
    function: { name: 'look_up', arguments: JSON.stringify({ city }) },
  })
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'Oslo or Rome?' }] },
    { role: 'assistant', content: 'I look.', tool_calls: [call('c1', 'Oslo'), call('c2', 'Rome')] },
    { role: 'tool', tool_call_id: 'c1', content: '2 degrees' },
    { role: 'tool', tool_call_id: 'c2', content: '19 degrees' },
    { role: 'developer', content: 'In metric units.' },
  ]
  const given = { temperature: 0, max_completion_tokens: 77, stop: ['END'], tool_choice: 'required' }
  await collect(llm.stream({ ...given, model, messages, tools }, signal))
  const [{ path, headers, body } = assert.fail()] = upstream.requests
  assert.equal(path, '/v1/messages')
  assert.equal(headers['x-api-key'], key)
  assert.equal(headers.authorization, undefined)
  assert.ok(isFields(body))
  assert.deepEqual(
    [body.model, body.stream, body.temperature, body.max_tokens, body.stop_sequences, body.tool_choice],
    [model, true, 0, 77, ['END'], { type: 'any' }],
  )
  assert.deepEqual(body.system, [{ type: 'text', text: 'Be brief.\n\nIn metric units.' }])
  const use = (id: string, city: string) => ({ type: 'tool_use', id, name: 'look_up', input: { city } })
  const told = (id: string, content: string) => ({ type: 'tool_result', tool_use_id: id, content })
  assert.deepEqual(body.messages, [
    { role: 'user', content: [{ type: 'text', text: 'Oslo or Rome?' }] },
    {
      role: 'assistant',
      content: [{ type: 'text', text: 'I look.' }, use('c1', 'Oslo'), use('c2', 'Rome')],
    },
    { role: 'user', content: [told('c1', '2 degrees'), told('c2', '19 degrees')] },
  ])
  const names = Array.isArray(body.tools) ? body.tools.map(({ name }) => name) : []
  assert.deepEqual(names, ['look_up', 'clock'])
})

test('pictures go along, as bytes or by their address', async t => {
  const image = (url: string) => ({ type: 'image_url', image_url: { url } })
  const content = [image('data:image/png;base64,iVBORw0KGgo='), image('https://example.com/a.png')]
  const { messages } = await sent(t, { messages: [{ role: 'user', content }] })
  assert.deepEqual(messages, [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      ],
    },
  ])
})

test('a JSON schema for the answer reaches both vendors', async t => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }
  const ask = {
    messages: request.messages,
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
  }
  assert.match(JSON.stringify((await sent(t, ask)).output_config), /"json_schema".*"city"/)
  const { generationConfig } = await sent(t, ask, 'google')
  assert.match(JSON.stringify(generationConfig), /application\/json.*"city"/)
})

test('what would change the form of the answer is refused, and sent to nobody', async t => {
  const { llm, upstream } = await provider(t, [anthropicStream(anthropicText)])
  const orphan = { role: 'tool', tool_call_id: 'c9', content: 'x' }
  const cases: [object, RegExp][] = [
    [{ n: 2 }, /n is 1/],
    [{ logprobs: true }, /logprobs/],
    [{ response_format: { type: 'json_object' } }, /json_schema/],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, /type function/],
    [{ messages: [orphan] }, /not called/],
    [{ messages: [{ role: 'user', content: [{ type: 'video' }] }] }, /"video"/],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///x' } }] }] },
      /data URL/,
    ],
  ]
  for (const [fields, sentence] of cases) {
    const seen = await broken(llm.stream({ ...request, ...fields }, signal))
    assert.equal(seen.code, 'provider-refused')
    assert.match(seen.message, sentence)
  }
  assert.equal(upstream.requests.length, 0)
})

test('the name of a model leads to no other path of the vendor', async t => {
  const { llm, upstream } = await provider(t, [googleStream(googleText)], { vendor: 'google' })
  for (const name of [
    '../files',
    'files/../../x',
    'cachedContents?x=',
    'a#b',
    'a:countTokens?',
    '%2e%2e/x',
    '/a',
  ])
    assert.equal((await broken(llm.stream({ ...request, model: name }, signal))).code, 'provider-refused')
  assert.equal(upstream.requests.length, 0)
  await collect(llm.stream({ ...request, model: 'tunedModels/sky-blue.1' }, signal))
  assert.match(upstream.requests[0]?.path ?? '', /^\/v1\/tunedModels\/sky-blue\.1:streamGenerateContent/)
})
