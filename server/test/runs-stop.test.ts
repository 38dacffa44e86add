import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import OpenAI from 'openai'
import { type LlmUpstream, llmUpstream } from '../src/testing/llm-upstream.ts'
import { assertWhole, type SeenEvent, textOf } from '../src/testing/run-events.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { deployedKeys } from './deployed.ts'
import { onLinux, until } from './processes.ts'
import { readRun } from './run-readers.ts'
import { type Server, startServer } from './server.ts'

const shutdown = 'event: shutdown\nretry: 1000\ndata: {}\n\n'
const said = 'one two three '
const words = said.match(/\w+ /g) ?? []

const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })

/** A provider that answers at once, but who asks it to wait is told the last word only when `letGo` was called. */
async function openProvider(t: TestContext): Promise<{ upstream: LlmUpstream; letGo: () => void }> {
  const gate = Promise.withResolvers<void>()
  t.after(() => gate.resolve())
  const upstream = await llmUpstream(t, ({ body }) => ({
    chunks: [...words.map(content => chunk({ content })), chunk({}, 'stop')],
    before: index => (JSON.stringify(body).includes('wait') && index === 2 ? gate.promise : undefined),
  }))
  return { upstream, letGo: gate.resolve }
}

async function makeAgent(server: Server, baseUrl: string): Promise<{ id: string; slug: string }> {
  await server.call('PUT', '/api/v1/admin/providers/slow', { base_url: baseUrl, models: [{ name: 'any' }] })
  const { body } = await server.call('POST', '/api/v1/agents', {
    name: 'Slow',
    provider: 'slow',
    model: 'any',
  })
  const published = await server.call('POST', `/api/v1/agents/${body.id}/publish`, {})
  assert.equal(published.status, 200, JSON.stringify(published.body))
  return { id: String(body.id), slug: String(body.slug) }
}

const ask = (content: string) => [{ role: 'user' as const, content }]
const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

test('SIGTERM breaks no answer of an agent and refuses none while balancers still send', {
  ...onLinux,
  timeout: 120_000,
}, async t => {
  const { upstream, letGo } = await openProvider(t)
  const database = await testDatabase(t)
  const env = { ENVIRONMENT: 'production', ...deployedKeys, DATABASE_URL: database.adminUrl }
  const [stopping, other] = [await startServer(t, { env }), await startServer(t, { env })]
  const agent = await makeAgent(stopping, upstream.url)
  const openai = new OpenAI({ baseURL: `${stopping.url}/v1`, apiKey: stopping.key, maxRetries: 0 })
  const model = `agent:${agent.slug}`

  const execute = (content: string, stream: boolean) =>
    stopping.fetch('/api/agent/execute', json({ agentId: agent.id, messages: ask(content), stream }))
  async function streamed(content: string): Promise<string> {
    let text = ''
    const create = { model, messages: ask(content), stream: true } as const
    for await (const { choices } of await openai.chat.completions.create(create))
      text += choices[0]?.delta.content ?? ''
    return text
  }
  const doors = (content: string) => [
    execute(content, false).then(async reply => ((await reply.json()) as { response: string }).response),
    execute(content, true).then(async reply => /"response":"([^"]*)"/.exec(await reply.text())?.[1]),
    openai.chat.completions
      .create({ model, messages: ask(content) })
      .then(({ choices }) => choices[0]?.message.content),
    streamed(content),
  ]

  const answers = doors('wait')
  const { body: run } = await stopping.call('POST', `/api/v1/agents/${agent.id}/runs`, {
    messages: ask('wait'),
  })
  const reader = stopping.fetch(`/api/v1/runs/${run.id}/events`).then(reply => reply.text())
  let isTold = false
  reader.then(
    () => (isTold = true),
    () => {},
  )
  await until('all are under way', () => upstream.requests.length === 5)

  const stopped = stopping.stop()
  await until('it is not ready', async () => (await stopping.fetch('/api/v1/ready')).status === 503)
  assert.deepEqual(await Promise.all(doors('now')), [said, said, said, said])
  const during = await stopping.call('POST', `/api/v1/agents/${agent.id}/runs`, { messages: ask('now') })
  assert.equal(during.status, 201)
  const events = await stopping.fetch(`/api/v1/runs/${during.body.id}/events`)
  assert.match(await events.text(), /"type":"run-end"[^\n]*\n\n$/)
  const asked = upstream.requests.length

  assert.equal(isTold, false, 'who follows is not sent away while balancers still send')
  const told = await reader
  assert.ok(told.endsWith(shutdown), told.slice(-200))
  const from = performance.now()
  await until(
    'another has the run that nobody waits for',
    async () => (await other.call('GET', `/api/v1/runs/${run.id}`)).body.attempt === 2,
  )
  assert.ok(performance.now() - from < 2000)
  letGo()
  assert.deepEqual(await Promise.all(answers), [said, said, said, said])
  const stopMs = await stopped
  assert.ok(stopMs < 15_000, `${stopMs} ms`)
  assert.deepEqual(
    stopping.log('stop-phase').filter(line => line.cut_off),
    [],
  )
  const whole = await readRun({
    urls: () => [other.url],
    token: other.key,
    runId: String(run.id),
    limitMs: 20_000,
  })
  assertWhole(whole)
  assert.equal(textOf(whole), said)
  assert.equal(upstream.requests.length, asked + 1, 'only what another has gone on with is asked for anew')
})

test('who follows a run by SDK when its server stops hears the rest from the next, each event once', {
  ...onLinux,
  timeout: 120_000,
}, async t => {
  const { upstream, letGo } = await openProvider(t)
  const env = { ...deployedKeys, DATABASE_URL: (await testDatabase(t)).adminUrl, DRAIN_SECONDS: '6' }
  const first = await startServer(t, { env })
  const agent = await makeAgent(first, upstream.url)
  let server = first
  const client = createClient({
    baseUrl: 'http://server.test',
    token: first.key,
    fetch: (url, init) => fetch(String(url).replace('http://server.test', server.url), init),
  })
  const { id } = await client.runs.start(agent.id, { messages: ask('wait') })
  const events: SeenEvent[] = []
  const following = (async () => {
    for await (const followed of client.runs.follow(id)) events.push(followed)
  })()
  await until('the answer has begun', async () => (await client.runs.get(id)).last_event >= 3)
  const stopped = first.stop()
  server = await startServer(t, { env })
  letGo()
  await following
  assertWhole(events)
  assert.equal(textOf(events), said)
  assert.ok(events.some(({ event }) => event.type === 'run-attempt'))
  await stopped
})
