import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect, llmContract, textOf } from '../../../ports/llm.contract.ts'
import {
  openAiCompletion,
  openAiEmbeddings,
  openAiText,
  saidText,
  textWithoutUsage,
  toolCallFragments,
  vllmText,
} from '../../../testing/llm-answers.ts'
import { key } from '../../../testing/llm-fixture.ts'
import type { Scripted } from '../../../testing/llm-upstream.ts'
import { openAiProvider as provider, request } from '../../../testing/openai-fixture.ts'
import { networkContract } from '../network.contract.ts'
import { isFields } from './chunk.ts'

const { signal } = new AbortController()
const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '' } }
const lookUp = [
  { role: 'assistant', content: null },
  { tool_calls: [call] },
  { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
  { tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] },
].map(delta => JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] }))
const lookUpEnd = JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })

llmContract('openai', async (t, scenario) => {
  const scripts: Record<typeof scenario, Scripted> = {
    text: ({ body }) => (isFields(body) && body.stream ? { chunks: openAiText } : { body: openAiCompletion }),
    call: { chunks: [...lookUp, lookUpEnd] },
    slow: { chunks: openAiText, end: 'hang' },
    vectors: { body: openAiEmbeddings },
  }
  const { llm, upstream } = await provider(t, [scripts[scenario]])
  return {
    llm,
    model: 'gpt-4o-mini',
    ask: { messages: [{ role: 'user', content: 'hello' }] },
    underWay: () => upstream.requests.length - upstream.aborted(),
  }
})

networkContract('openai', {
  open: provider,
  request,
  said: { chunks: openAiText },
  begun: [],
  talking: { chunks: openAiText.slice(0, 2) },
  long: (count, text) => {
    const choices = [{ index: 0, delta: { content: text }, finish_reason: null }]
    const chunk = JSON.stringify({ choices })
    return { chunks: [...Array.from({ length: count }, () => chunk), openAiText.at(-2) ?? ''] }
  },
})

test('sends what it was given, asks for usage, and shows its key to nobody else', async t => {
  const { llm, upstream } = await provider(t, [{ chunks: openAiText }])
  const given = {
    ...request,
    temperature: 0,
    stream_options: { include_usage: false, include_obfuscation: false },
  }
  await collect(llm.stream(given, signal))
  const [{ path, headers, body } = assert.fail()] = upstream.requests
  assert.equal(path, '/v1/chat/completions')
  assert.equal(headers.authorization, `Bearer ${key}`)
  assert.deepEqual(body, {
    ...request,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
  })
})

for (const framing of ['plain', 'crlf', 'tight', 'chatty'] as const)
  test(`reads the same text however it is framed and torn: ${framing}`, async t => {
    const { llm, upstream } = await provider(t, [{ chunks: openAiText, framing }])
    for (const pieceBytes of [undefined, 1, 7, 64]) {
      upstream.answer({ chunks: openAiText, framing, ...(pieceBytes === undefined ? {} : { pieceBytes }) })
      assert.equal(textOf(await collect(llm.stream(request, signal))), saidText, `pieces of ${pieceBytes}`)
    }
  })

test('puts right what vLLM leaves out, and does without usage', async t => {
  const { llm, upstream } = await provider(t, [{ chunks: vllmText }])
  const chunks = await collect(llm.stream(request, signal))
  assert.equal(textOf(chunks), saidText)
  assert.deepEqual(chunks.at(-1)?.choices, [])
  assert.equal(chunks.at(-1)?.usage?.total_tokens, 18)
  upstream.answer({ chunks: textWithoutUsage, end: 'quiet' })
  const silent = await collect(llm.stream(request, signal))
  assert.equal(textOf(silent), saidText)
  assert.ok(silent.every(({ usage }) => !usage))
})

test('early hints are not taken for the answer', async t => {
  const { llm } = await provider(t, [{ chunks: openAiText, earlyHints: true }])
  assert.equal(textOf(await collect(llm.stream(request, signal))), saidText)
})

test('counts that are none are no usage, so that nobody is charged by them', async t => {
  const last = openAiText.at(-2) ?? ''
  const usages = [{ prompt_tokens: -5, completion_tokens: 1 }, { prompt_tokens: '9' }, [], 'many']
  const { llm, upstream } = await provider(t, [])
  for (const usage of usages) {
    upstream.answer({ chunks: [last, JSON.stringify({ choices: [], usage })] })
    const chunks = await collect(llm.stream(request, signal))
    assert.equal(chunks.at(-1)?.usage, null, JSON.stringify(usage))
  }
})

test('keeps the fragments of two tool calls apart', async t => {
  const { llm } = await provider(t, [{ chunks: toolCallFragments, pieceBytes: 11 }])
  const chunks = await collect(llm.stream(request, signal))
  const pieces = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []))
  const written = (index: number) =>
    pieces
      .filter(piece => piece.index === index)
      .map(piece => piece.function?.arguments ?? '')
      .join('')
  assert.deepEqual([written(0), written(1)], ['{"city":"Paris"}', '{}'])
})

test('an answer that is not streamed is whole JSON, or a problem', async t => {
  const { llm, upstream } = await provider(t, [{ body: openAiCompletion }])
  const { choices } = await llm.complete(request, signal)
  assert.equal(choices[0]?.message.content, saidText)
  for (const body of [
    '<html>',
    '[]',
    '{"choices":null}',
    '{"choices":[{}]}',
    '{"error":{"message":"no"}}',
    '',
  ]) {
    upstream.answer({ body })
    await assert.rejects(llm.complete(request, signal), { code: 'provider-failed' }, body)
  }
  upstream.answer({ body: '{"data":[{"index":0}]}' })
  await assert.rejects(llm.embed({ model: 'm', input: 'a' }, signal), { code: 'provider-failed' })
})

test('what is of another type than it must be is dropped, wherever it stands, and the answer goes on', async t => {
  const wrong = [7, {}, [], true]
  const call = (value: unknown) => ({
    index: value,
    id: value,
    function: { name: value, arguments: value },
  })
  const chunk = (delta: unknown, finish_reason: unknown = null, index: unknown = 0) =>
    JSON.stringify({ choices: [{ index, delta, finish_reason }] })
  const { llm, upstream } = await provider(t, [
    {
      chunks: [
        ...wrong.map(value =>
          chunk({ refusal: value, reasoning_content: value, tool_calls: [call(value)] }, value, value),
        ),
        ...wrong.map(value => chunk({ content: null, tool_calls: [{ index: 0, function: value }] })),
        chunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'look_up', arguments: '{}' } }] }),
        chunk({}, 'tool_calls'),
      ],
    },
  ])
  const chunks = await collect(llm.stream(request, signal))
  const texts: unknown[] = []
  for (const { choices } of chunks)
    for (const { index, delta, finish_reason } of choices) {
      assert.ok(Number.isInteger(index))
      texts.push(finish_reason, delta.refusal, delta.reasoning_content)
      for (const called of delta.tool_calls ?? []) {
        assert.ok(Number.isInteger(called.index))
        texts.push(called.id, called.function?.name, called.function?.arguments)
      }
    }
  const given = texts.filter(text => text !== undefined && text !== null)
  assert.deepEqual(given, ['call_1', 'look_up', '{}', 'tool_calls'])

  const message = { role: 'assistant', content: 7, refusal: {}, tool_calls: [call(7), 'what'] }
  upstream.answer({ body: JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }) })
  const { choices } = await llm.complete(request, signal)
  assert.deepEqual(choices[0]?.message, {
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 7, function: {} }],
  })
})
