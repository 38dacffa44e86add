import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Run } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { openAiText, saidText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'

const upstream = await llmUpstream({ after }, { chunks: openAiText })
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'upstream-key' })
const user = await house.user()
const admin = await house.user({ role: 'admin' })
const messages = [{ role: 'user', content: 'How are you?' }]

async function ask(path: string, body: unknown) {
  const reply = await user.fetch(path, json('POST', body))
  return { status: reply.status, text: await reply.text() }
}

/** A run of a new agent, as it ended. */
async function runOf(config: Record<string, unknown>) {
  const made = await ask('/api/v1/agents', { name: 'Asked', ...config })
  assert.equal(made.status, 201, made.text)
  const { id } = JSON.parse(made.text) as { id: string }
  const events = await ask(`/api/v1/agents/${id}/runs`, { messages, stream: true })
  if (events.status !== 200) return { status: events.status, text: events.text, run: null }
  const { data } = (await (await user.fetch(`/api/v1/runs?agent_id=${id}`)).json()) as { data: Run[] }
  return { ...events, run: data[0] }
}

test('an agent answers when the model that stands in for its own is gone, and by that one when its own is', async () => {
  const put = await admin.fetch('/api/v1/admin/providers/spare', {
    ...json('PUT', { kind: 'openai', base_url: upstream.url, models: [{ name: 'model' }] }),
  })
  assert.ok(put.ok, await put.text())
  const first = { model: 'default/model', fallbacks: ['spare/model'] }
  const second = { provider: 'spare', model: 'model', fallbacks: ['default/model'] }
  for (const config of [first, second]) assert.equal((await runOf(config)).run?.output, saidText)
  const removed = await admin.fetch('/api/v1/admin/providers/spare', { method: 'DELETE' })
  assert.ok(removed.ok, await removed.text())
  for (const config of [first, second]) {
    const { run, text } = await runOf(config)
    assert.deepEqual([run?.status, run?.output], ['done', saidText], text)
  }
  const nobody = await runOf({ provider: 'spare', model: 'model', fallbacks: ['spare/other'] })
  assert.equal(nobody.status, 404)
  assert.match(nobody.text, /no language model spare\/model/)
})

test('a model that embeds is not asked to chat, nor one that chats to embed: both are told what they are', async () => {
  const put = await admin.fetch('/api/v1/admin/providers/both', {
    ...json('PUT', {
      kind: 'openai',
      base_url: upstream.url,
      models: [{ name: 'chats' }, { name: 'embeds', kind: 'embedding' }],
    }),
  })
  assert.ok(put.ok, await put.text())
  const askedBefore = upstream.requests.length
  const chat = { model: 'both/embeds', messages }
  for (const body of [chat, { ...chat, stream: true }]) {
    const { status, text } = await ask('/v1/chat/completions', body)
    assert.equal(status, 404)
    assert.match(text, /both\/embeds is a model for embeddings/)
  }
  const vectors = await ask('/v1/embeddings', { model: 'both/chats', input: 'Hello' })
  assert.equal(vectors.status, 404)
  assert.match(vectors.text, /both\/chats is a model to chat with/)
  const run = await runOf({ model: 'both/embeds' })
  assert.equal(run.status, 404)
  assert.match(run.text, /both\/embeds is a model for embeddings/)
  assert.equal(upstream.requests.length, askedBefore, 'the provider was asked')
})
