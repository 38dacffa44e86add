import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect, llmContract, textOf } from '../../../ports/llm.contract.ts'
import type { ChatChunk } from '../../../ports/llm.ts'
import { assertBroken, broken, key, prompt } from '../../../testing/llm-fixture.ts'
import type { Scripted } from '../../../testing/llm-upstream.ts'
import {
  anthropicBeginning,
  anthropicCall,
  anthropicCallMessage,
  anthropicCut,
  anthropicError,
  anthropicMessage,
  anthropicRefusal,
  anthropicStream,
  anthropicText,
  anthropicTools,
  googleBadKey,
  googleCall,
  googleEmbeddings,
  googleMessage,
  googleStream,
  googleText,
} from '../../../testing/vendor-answers.ts'
import { model, vendorProvider as provider, request, tools } from '../../../testing/vendor-fixture.ts'
import { networkContract } from '../network.contract.ts'
import { isFields } from '../openai/chunk.ts'

const { signal } = new AbortController()

function finishOf(chunks: readonly ChatChunk[]): string | null | undefined {
  return chunks.flatMap(({ choices }) => choices).at(-1)?.finish_reason
}

for (const vendor of ['anthropic', 'google'] as const)
  llmContract(vendor, async (t, scenario) => {
    const isWhole = (path: string, body: unknown) =>
      vendor === 'google' ? path.includes(':generateContent') : isFields(body) && !body.stream
    const [said, whole, call] =
      vendor === 'google'
        ? [googleStream(googleText), googleMessage, googleStream(googleCall)]
        : [anthropicStream(anthropicText), anthropicMessage, anthropicStream(anthropicCall)]
    const scripts: Record<typeof scenario, Scripted> = {
      text: ({ path, body }) => (isWhole(path, body) ? { body: whole } : said),
      call,
      slow: { ...said, chunks: said.chunks?.slice(0, 5) ?? [], end: 'hang' },
      vectors: { body: googleEmbeddings(2) },
    }
    // Anthropic makes none.
    const options = scenario === 'vectors' ? { vendor: 'google' as const } : { vendor }
    const { llm, upstream } = await provider(t, [scripts[scenario]], options)
    return {
      llm,
      model,
      ask: { messages: [{ role: 'user', content: 'hello' }], tools },
      underWay: () => upstream.requests.length - upstream.aborted(),
    }
  })

networkContract('anthropic', {
  open: provider,
  request,
  said: anthropicStream(anthropicText),
  begun: [anthropicStream(anthropicText.slice(0, 3))],
  talking: anthropicStream(anthropicBeginning),
  long: (count, text) => {
    const delta = { type: 'text_delta', text }
    const piece = { type: 'content_block_delta', index: 0, delta }
    const pieces = Array.from({ length: count }, () => piece)
    return anthropicStream([...anthropicBeginning, ...pieces, ...anthropicText.slice(-3)])
  },
})

test('gives out what the model thinks, says and calls, each call with its own arguments', async t => {
  const { llm, upstream } = await provider(t, [anthropicStream(anthropicTools, { pieceBytes: 13 })])
  const chunks = await collect(llm.stream({ ...request, tools }, signal))
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
  assert.equal(deltas[0]?.role, 'assistant')
  assert.equal(deltas.map(({ reasoning_content }) => reasoning_content ?? '').join(''), 'They ask for Oslo.')
  assert.equal(textOf(chunks), 'Let me see.')
  const pieces = deltas.flatMap(({ tool_calls }) => tool_calls ?? [])
  const written = (index: number) =>
    pieces
      .filter(piece => piece.index === index)
      .map(piece => piece.function?.arguments ?? '')
      .join('')
  assert.deepEqual([written(0), written(1), written(2)], ['{"city": "Oslo"}', '{"city": "Rome"}', '{}'])
  assert.deepEqual(
    pieces.flatMap(piece => piece.id ?? []),
    ['toolu_01', 'toolu_02', 'toolu_03'],
  )
  assert.equal(finishOf(chunks), 'tool_calls')

  upstream.answer({ body: anthropicCallMessage })
  const { choices } = await llm.complete({ ...request, tools }, signal)
  assert.equal(choices[0]?.finish_reason, 'tool_calls')
  assert.equal(choices[0]?.message.content, 'Let me see.')
  const [made] = choices[0]?.message.tool_calls ?? []
  assert.deepEqual(JSON.parse(made?.function.arguments ?? ''), { city: 'Oslo' })
})

test('says why an answer ended, and counts tokens of the cache to the prompt', async t => {
  const { llm, upstream } = await provider(t, [anthropicStream(anthropicCut)])
  const cut = await collect(llm.stream(request, signal))
  assert.equal(finishOf(cut), 'length')
  const { prompt_tokens, completion_tokens, total_tokens } = cut.at(-1)?.usage ?? assert.fail()
  assert.deepEqual([prompt_tokens, completion_tokens, total_tokens], [15, 9, 24])
  upstream.answer(anthropicStream(anthropicRefusal))
  assert.equal(finishOf(await collect(llm.stream(request, signal))), 'content_filter')
})

test('what came before a fault is given out, then the fault is told', async t => {
  const error = (type: string) => ({ type: 'error', error: { type, message: 'Overloaded' } })
  const after = (...events: object[]) => anthropicStream([...anthropicBeginning, ...events])
  await assertBroken(await provider(t, []), request, 'Grüße — ', [
    [after(), 'provider-failed', /before the answer was whole/],
    [anthropicStream(anthropicBeginning, { end: 'cut' }), 'provider-failed', /broke off/],
    [after({ type: 'nonsense' }), 'provider-failed', /cannot be read/],
    [after(error('overloaded_error')), 'provider-failed', /\(529\): Overloaded/],
    [after(error('rate_limit_error')), 'provider-busy', /no more calls/],
  ])
})

test('each refusal has its code, with the reason where it is for the caller', async t => {
  const acme = await provider(t, [])
  await assertBroken(acme, request, '', [
    [
      { status: 400, body: anthropicError('invalid_request_error', 'temperature: range: 0..1') },
      'provider-refused',
      /temperature: range: 0\.\.1\.$/,
    ],
    [
      { status: 400, body: anthropicError('invalid_request_error', `Not: ${prompt}`) },
      'provider-refused',
      /^Provider acme refused the request \(400\)\.$/,
    ],
    [
      { status: 401, body: anthropicError('authentication_error', `invalid x-api-key ${key}`) },
      'provider-unauthorised',
      /does not accept our key \(401\)/,
    ],
    [{ status: 402, body: anthropicError('billing_error', 'pay') }, 'provider-unauthorised', /bill/],
    [{ status: 429, body: anthropicError('rate_limit_error', 'slow') }, 'provider-busy', /no more calls/],
    [{ status: 500, body: '<html>' }, 'provider-failed', /\(500\)\.$/],
    [
      { status: 529, body: anthropicError('overloaded_error', 'Overloaded') },
      'provider-failed',
      /\(529\): Overloaded\.$/,
    ],
    [
      { status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      'provider-failed',
      /redirects are not followed/,
    ],
    [
      anthropicStream([{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]),
      'provider-failed',
      /\(529\): Overloaded\.$/,
    ],
    [{ body: '<html>Log in</html>' }, 'provider-failed', /before the answer was whole/],
    [{ headers: { 'content-encoding': 'gzip' }, body: 'x' }, 'provider-failed', /compressed/],
  ])
  const { llm, upstream } = acme
  upstream.answer({ status: 429, headers: { 'retry-after': '7' }, body: '{}' })
  assert.equal((await broken(llm.stream(request, signal))).retryAfter, 7)
  for (const body of ['<html>', '{}', '']) {
    upstream.answer({ body })
    await assert.rejects(llm.complete(request, signal), { code: 'provider-failed' }, body)
  }
})

test('Google is told apart that refuses our key from one that refuses the request', async t => {
  const { llm, upstream } = await provider(t, [{ status: 400, body: googleBadKey }], { vendor: 'google' })
  assert.equal((await broken(llm.stream(request, signal))).code, 'provider-unauthorised')
  const [{ path, headers } = assert.fail()] = upstream.requests
  assert.ok(!path.includes(key))
  assert.equal(headers['x-goog-api-key'], key)
})

test('makes vectors in as many calls as Google needs, in their order, and says where there are none', async t => {
  const { llm, upstream } = await provider(
    t,
    [
      ({ body }) => ({
        body: googleEmbeddings(isFields(body) && Array.isArray(body.requests) ? body.requests.length : 0),
      }),
    ],
    { vendor: 'google' },
  )
  const input = Array.from({ length: 150 }, (_, index) => `text ${index}`)
  const { data, usage } = await llm.embed({ model: 'gemini-embedding-001', input, dimensions: 2 }, signal)
  assert.equal(upstream.requests.length, 2)
  assert.deepEqual(
    data.map(({ index }) => index),
    input.map((_, index) => index),
  )
  assert.deepEqual(
    [data[99]?.embedding, data[100]?.embedding],
    [
      [99, 49.5],
      [0, 0],
    ],
  )
  assert.equal(usage?.prompt_tokens, 600)
  await assert.rejects(llm.embed({ model: 'm', input: [1, 2] }, signal), { code: 'provider-refused' })
  const claude = await provider(t, [])
  await assert.rejects(claude.llm.embed({ model: 'm', input: 'a' }, signal), { code: 'not-implemented' })
})
