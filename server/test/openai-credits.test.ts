import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type OpenAI from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { openAiText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { until } from '../src/testing/until.ts'
import { clientOf } from './openai-calls.ts'

const upstream = await llmUpstream({ after }, { chunks: openAiText })
const house = await testHouse({ after })
const million = 1_000_000
const put = await house.fetch(
  '/api/v1/admin/providers/paid',
  json('PUT', {
    base_url: upstream.url,
    models: [
      // Credits per token: 2 of the question, 10 of the answer.
      { name: 'chat', input_price: 2 * million, output_price: 10 * million },
      { name: 'embed', kind: 'embedding', input_price: 3 * million },
      { name: 'by-answer', output_price: million },
    ],
  }),
)
assert.ok(put.ok, await put.text())

const question = [{ role: 'user' as const, content: 'How are you?' }]
/** What `openAiText` says it took: 12 tokens of the question, 6 of the answer. */
const price = 12 * 2 + 6 * 10

async function userWith(credits: number): Promise<TestUser> {
  const user = await house.user()
  const { balance } = await account(user)
  const body = { amount: credits - balance, reason: 'test' }
  const reply = await house.fetch(`/api/v1/admin/users/${user.id}/credits`, json('POST', body))
  assert.equal(reply.status, 200)
  return user
}

async function account(user: TestUser): Promise<{ balance: number; held: number }> {
  return (await (await user.fetch('/api/v1/credits')).json()) as { balance: number; held: number }
}

function stream(user: TestUser, more: object = {}) {
  return clientOf(house, user).chat.completions.create({
    model: 'paid/chat',
    messages: question,
    max_tokens: 50,
    stream: true,
    ...more,
  })
}

async function textOf(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = ''
  for await (const { choices } of chunks) text += choices[0]?.delta.content ?? ''
  return text
}

test('an answer is paid by its tokens, streamed, whole and embedded, and nothing stays held', async () => {
  const user = await userWith(1000)
  upstream.answer({ chunks: openAiText })
  await textOf(await stream(user))
  const streamed = await account(user)
  assert.deepEqual([streamed.balance, streamed.held], [1000 - price, 0])

  upstream.answer({ chunks: openAiText })
  const whole = await clientOf(house, user).chat.completions.create({
    model: 'paid/chat',
    messages: question,
    max_tokens: 50,
  })
  assert.deepEqual([whole.object, whole.usage?.completion_tokens], ['chat.completion', 6])
  assert.equal((await account(user)).balance, 1000 - 2 * price)

  const data = [{ index: 0, embedding: [1] }]
  upstream.answer({ body: JSON.stringify({ data, usage: { prompt_tokens: 4, total_tokens: 4 } }) })
  await clientOf(house, user).embeddings.create({ model: 'paid/embed', input: 'How are you?' })
  const after = await account(user)
  assert.deepEqual([after.balance, after.held], [1000 - 2 * price - 12, 0])
})

test('who cannot pay the most that an answer may cost is refused before the provider is asked', async () => {
  const user = await userWith(400)
  const before = upstream.requests.length
  await assert.rejects(async () => stream(user), { status: 402, code: 'insufficient-credits' })
  assert.equal(upstream.requests.length, before)
  assert.deepEqual([(await account(user)).balance, (await account(user)).held], [400, 0])
})

test('an answer that fails costs nothing', async () => {
  const user = await userWith(1000)
  upstream.answer({ status: 400, body: '{"error":{"message":"Too hot."}}' })
  await assert.rejects(async () => stream(user), { status: 400 })
  upstream.answer({ chunks: openAiText.slice(0, 4), end: 'cut' })
  await assert.rejects(async () => textOf(await stream(user)))
  const { balance, held } = await account(user)
  assert.deepEqual([balance, held], [1000, 0])
})

test('an answer that its reader leaves is paid as far as it came', async () => {
  const user = await userWith(1000)
  upstream.answer({ chunks: Array.from({ length: 200 }, () => openAiText[1] ?? ''), paceMs: 20 })
  for await (const chunk of await stream(user)) if (chunk.choices[0]?.delta.content) break
  await until(async () => (await account(user)).held === 0, 'what was held is settled')
  const { balance } = await account(user)
  assert.ok(balance < 1000 && balance > 500, String(balance))
})

test('an answer without a limit ends when the account has no more to spare', async () => {
  const user = await userWith(5000)
  const long = (openAiText[1] ?? '').replace('Grüße', 'x'.repeat(4000))
  upstream.answer({ chunks: Array.from({ length: 100 }, () => long), paceMs: 5 })
  const finish: unknown[] = []
  let text = ''
  const answer = await stream(user, { model: 'paid/by-answer', max_tokens: undefined })
  for await (const { choices } of answer) {
    text += choices[0]?.delta.content ?? ''
    finish.push(choices[0]?.finish_reason)
  }
  assert.equal(finish.at(-1), 'length')
  assert.ok(text.length > 4 * 4096 && text.length < 4 * 6000, String(text.length))
  const { balance, held } = await account(user)
  assert.deepEqual([held, balance >= 0 && balance < 1000], [0, true])
})

test('whole answers at once, without a limit, give no more than the account has', async () => {
  // 1,000 credits each.
  const long = (openAiText[1] ?? '').replace('Grüße', 'x'.repeat(4000))
  upstream.answer({ chunks: Array.from({ length: 30 }, () => long), paceMs: 5 })
  const credits = 3 * 4096 + 500
  const user = await userWith(credits)
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      clientOf(house, user).chat.completions.create({ model: 'paid/by-answer', messages: question }),
    ),
  )
  const given = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  assert.ok(given.length > 0 && given.length <= 3, String(given.length))
  for (const { choices } of given) assert.equal(choices[0]?.finish_reason, 'length')
  const tokens = given.reduce((sum, { choices }) => sum + (choices[0]?.message.content?.length ?? 0) / 4, 0)
  // The chunk that goes beyond what is held has come already.
  assert.ok(tokens <= credits + given.length * 1000, String(tokens))
  assert.equal((await account(user)).held, 0)
})

test('of two limits the higher is held, and an answer that knows neither is ended', async () => {
  const poor = await userWith(5000)
  const model = 'paid/by-answer'
  const before = upstream.requests.length
  await assert.rejects(async () => stream(poor, { model, max_completion_tokens: 1, max_tokens: 100_000 }), {
    status: 402,
  })
  assert.equal(upstream.requests.length, before)

  const long = (openAiText[1] ?? '').replace('Grüße', 'x'.repeat(4000))
  upstream.answer({ chunks: Array.from({ length: 100 }, () => long), paceMs: 5 })
  const text = await textOf(await stream(poor, { model, max_completion_tokens: 10, max_tokens: undefined }))
  assert.ok(text.length < 20_000, String(text.length))
  const whole = await clientOf(house, poor).chat.completions.create({
    model,
    messages: question,
    max_tokens: 10,
  })
  assert.equal(whole.choices[0]?.finish_reason, 'length')
  assert.ok((whole.choices[0]?.message.content?.length ?? 0) < 20_000)
})

test('answers at once never cost more than there is, and each that came is paid', async () => {
  upstream.answer({ chunks: openAiText, paceMs: 5 })
  const credits = 1500
  const user = await userWith(credits)
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, async () => textOf(await stream(user, { max_tokens: 6 }))),
  )
  const refused = results.filter(result => result.status === 'rejected')
  const done = results.length - refused.length
  assert.ok(done > 0 && refused.length > 0, String(done))
  for (const { reason } of refused) assert.equal((reason as { status: number }).status, 402)
  const { balance, held } = await account(user)
  assert.deepEqual([balance, held], [credits - done * price, 0])
  assert.ok(balance >= 0)
})

test('who asks a free model whose dear fallback answers pays for the fallback, and cannot without the credits', async () => {
  const body = { base_url: 'http://127.0.0.1:9', models: [{ name: 'chat' }], fallbacks: ['paid/chat'] }
  const made = await house.fetch('/api/v1/admin/providers/free', json('PUT', body))
  assert.ok(made.ok, await made.text())
  const ask = (user: TestUser) =>
    clientOf(house, user).chat.completions.create({ model: 'free/chat', messages: question, max_tokens: 50 })
  const rich = await userWith(10_000)
  upstream.answer({ chunks: openAiText })
  assert.equal((await ask(rich)).usage?.completion_tokens, 6)
  const { balance, held } = await account(rich)
  assert.deepEqual([balance, held], [10_000 - price, 0])
  await assert.rejects(ask(await userWith(price)), { status: 402 })
})
