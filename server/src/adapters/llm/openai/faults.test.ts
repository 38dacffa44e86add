import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAiText } from '../../../testing/llm-answers.ts'
import { assertBroken, broken, key, prompt } from '../../../testing/llm-fixture.ts'
import { openAiProvider as provider, request } from '../../../testing/openai-fixture.ts'
import { until } from '../../../testing/until.ts'

const { signal } = new AbortController()

test('what came before a fault is given out, then the fault is told', async t => {
  const begin = openAiText.slice(0, 3)
  const error = (fields: object) => JSON.stringify({ error: fields })
  await assertBroken(await provider(t, []), request, 'Grüße — ', [
    [{ chunks: begin, end: 'quiet' }, 'provider-failed', /before the answer was whole/],
    [{ chunks: begin, end: 'done' }, 'provider-failed', /before the answer was whole/],
    [{ chunks: begin, end: 'cut' }, 'provider-failed', /broke off/],
    [{ chunks: [...begin, '{"choices":[{"in'] }, 'provider-failed', /no chunk/],
    [{ chunks: [...begin, '[1]'] }, 'provider-failed', /no chunk/],
    [
      { chunks: [...begin, error({ message: 'GPU fell off', code: 500 })] },
      'provider-failed',
      /GPU fell off/,
    ],
    [{ chunks: [...begin, error({ message: 'slow down', code: 429 })] }, 'provider-busy', /no more calls/],
  ])
})

test('each refusal has its code, with the reason where it is for the caller', async t => {
  const acme = await provider(t, [])
  const json = (fields: object) =>
    JSON.stringify({ error: { message: 'no', type: null, param: null, code: null, ...fields } })
  await assertBroken(acme, request, '', [
    [
      { status: 400, body: json({ message: 'temperature is at most 2.' }) },
      'provider-refused',
      /temperature is at most 2\.$/,
    ],
    [{ status: 404, body: '{"detail":"no such model"}' }, 'provider-refused', /no such model/],
    [{ status: 422, body: '<html>' }, 'provider-refused', /\(422\)\.$/],
    [
      { status: 401, body: json({ message: `Incorrect key: ${key}` }) },
      'provider-unauthorised',
      /does not accept our key \(401\)/,
    ],
    [{ status: 403, body: '' }, 'provider-unauthorised', /\(403\)/],
    [{ status: 402, body: json({}) }, 'provider-unauthorised', /bill/],
    [{ status: 429, body: json({ code: 'insufficient_quota' }) }, 'provider-unauthorised', /bill/],
    [{ status: 429, body: json({}) }, 'provider-busy', /no more calls/],
    [{ status: 500, body: json({ message: 'CUDA error' }) }, 'provider-failed', /CUDA error/],
    [
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad gateway</html>' },
      'provider-failed',
      /\(502\)\.$/,
    ],
    [
      { status: 307, headers: { location: `${acme.upstream.url}/elsewhere` }, body: '' },
      'provider-failed',
      /redirects are not followed/,
    ],
    [{ body: json({ message: 'overloaded' }) }, 'provider-failed', /overloaded/],
    [
      { headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>Log in</html>' },
      'provider-failed',
      /text\/html instead of a stream/,
    ],
    [{ headers: { 'content-encoding': 'gzip' }, body: 'x' }, 'provider-failed', /compressed/],
  ])
})

test('a reason that quotes the prompt or the key is not passed on', async t => {
  const { llm, upstream } = await provider(t, [])
  for (const message of [`Refused: "${prompt}"`, `Not allowed: ${prompt.slice(3, 45)}...`]) {
    upstream.answer({ status: 400, body: JSON.stringify({ error: { message } }) })
    const seen = await broken(llm.stream(request, signal))
    assert.match(seen.message, /^Provider acme refused the request \(400\)\.$/)
  }
  upstream.answer({ status: 400, body: JSON.stringify({ error: `Unknown header Bearer ${key}` }) })
  assert.match((await broken(llm.stream(request, signal))).message, /Bearer \*\*\*\.$/)
})

test('tells how long a busy provider wants to be left alone, in seconds or until a date', async t => {
  const { llm, upstream } = await provider(t, [])
  const date = new Date(1_763_726_400_000).toUTCString()
  const later = new Date(1_763_726_430_000).toUTCString()
  const cases: [Record<string, string>, number | undefined][] = [
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0.4' }, 1],
    [{ 'retry-after': later, date }, 30],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ]
  for (const [headers, seconds] of cases) {
    upstream.answer({ status: 429, headers, body: '{}' })
    assert.equal((await broken(llm.stream(request, signal))).retryAfter, seconds, JSON.stringify(headers))
  }
})

test('a line without end is not kept in memory', async t => {
  const { llm, upstream } = await provider(t, [{ chunks: ['x'.repeat(40 * 1024 * 1024)] }])
  const seen = await broken(llm.stream(request, signal))
  assert.match(seen.message, /a line of more than 16777216 bytes/)
  await until(() => upstream.aborted() === 1, 'the provider hears of it')
})
