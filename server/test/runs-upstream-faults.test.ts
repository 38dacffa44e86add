import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { Run, RunEvent } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { openAiText, saidText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { calling } from '../src/testing/obedient-model.ts'
import { assertWhole } from '../src/testing/run-events.ts'
import { until } from '../src/testing/until.ts'
import { readRun } from './run-readers.ts'
import { type UpstreamFault, upstreamFaults } from './upstream-faults.ts'

type Line = { event: string; fields: Record<string, unknown> }

const lines: Line[] = []
const note = (event: string, fields: Record<string, unknown> = {}) => void lines.push({ event, fields })
const upstream = await llmUpstream({ after })
const house = await testHouse({ after }, {}, { log: { debug: note, info: note, warn: note, error: note } })
const owner = await house.user()
const messages = [{ role: 'user' as const, content: 'What time is it?' }]

/** Credits of an agent's run, of a token of the question and of one of the answer. */
const price = { run: 7, input: 2, output: 10 }
const million = 1_000_000

/** A priced agent of a provider of its own: what is done about one that fails again and again is not to meet the others. */
async function agentOf(name: string, limits?: UpstreamFault['limits']): Promise<string> {
  const provider = {
    base_url: upstream.url,
    models: [{ name: 'chat', input_price: price.input * million, output_price: price.output * million }],
    ...limits,
  }
  const put = await house.fetch(`/api/v1/admin/providers/${name}`, json('PUT', provider))
  assert.ok(put.ok, await put.text())
  const { agents } = createClient({ baseUrl: house.url, token: owner.key })
  const { id } = await agents.create({
    name,
    visibility: 'users',
    model: `${name}/chat`,
    max_tokens: 50,
    price: price.run,
    tools: [{ type: 'time' }],
  })
  await agents.publish(id)
  return id
}

type Account = { balance: number; held: number }

async function accountOf(user: TestUser): Promise<Account> {
  const { balance, held } = (await (await user.fetch('/api/v1/credits')).json()) as Account
  return { balance, held }
}

async function userWith(credits: number): Promise<TestUser> {
  const user = await house.user()
  const amount = credits - (await accountOf(user)).balance
  const body = json('POST', { amount, reason: 'test' })
  assert.ok((await house.fetch(`/api/v1/admin/users/${user.id}/credits`, body)).ok)
  return user
}

/** One run, from the question to the last event, with what it left behind. */
async function ask(agentId: string, credits: number) {
  const user = await userWith(credits)
  const client = createClient({ baseUrl: house.url, token: user.key })
  const requests = upstream.requests.length
  const { id: runId } = await client.runs.start(agentId, { messages })
  const seen = await readRun({ urls: () => [house.url], token: user.key, runId, limitMs: 20_000 })
  assertWhole(seen)
  const run = await client.runs.get(runId)
  const { spans } = await client.runs.trace(runId)
  await until(
    () => lines.some(line => line.event === 'run-end' && line.fields.run_id === runId),
    'its log line',
  )
  return {
    events: seen.map(({ event }) => event),
    run,
    spans: spans.filter(({ kind }) => kind === 'llm'),
    account: await accountOf(user),
    requests: upstream.requests.length - requests,
    log: lines.filter(({ fields }) => fields.run_id === runId),
  }
}

type Asked = Awaited<ReturnType<typeof ask>>

/** That row, event, log and ledger tell of the same end. */
function assertFailed({ events, run, account, log }: Asked, code: string, credits: number): void {
  const last = events.at(-1)
  assert.ok(last?.type === 'run-error', last?.type)
  assert.deepEqual([last.code, run.status, run.error], [code, 'failed', { code, detail: last.detail }])
  assert.deepEqual([last.credits, run.credits], [credits, credits])
  assert.deepEqual(account, { balance: start - credits, held: 0 })
  // Each time that an answer is asked for anew has its line too.
  const restarts = typesOf(events, 'step-restart').map(() => 'run-restart')
  assert.deepEqual(
    log.map(({ event }) => event),
    ['run-start', ...restarts, 'run-end'],
  )
  assert.equal(log.at(-1)?.fields.code, code)
}

const start = 10_000
const costOf = ({ usage }: Run) =>
  price.run + usage.input_tokens * price.input + usage.output_tokens * price.output
const typesOf = (events: readonly RunEvent[], type: RunEvent['type']) =>
  events.filter(event => event.type === type)

for (const [index, [name, fault]] of Object.entries(upstreamFaults).entries())
  test(`a run whose provider ${name} ends with ${fault.code}, and what came is paid`, async () => {
    const { script, code, says, requests, tokens = 0, limits } = fault
    const agentId = await agentOf(`fault-${index}`, limits)
    upstream.answer(script)
    const asked = await ask(agentId, start)
    const { run, events, spans } = asked
    assertFailed(asked, code, tokens === 0 ? 0 : costOf(run))
    assert.match(run.error?.detail ?? '', says)
    assert.equal(asked.requests, requests)
    // What had begun is said anew, and each beginning is a call of its own.
    const begins = tokens === 0 ? 1 : requests
    assert.equal(typesOf(events, 'step-restart').length, begins - 1)
    assert.deepEqual(
      spans.map(({ status }) => status),
      Array(begins).fill('failed'),
    )
    assert.equal(run.usage.output_tokens, tokens * begins)
    assert.equal(run.usage.input_tokens > 0, tokens > 0)
    assert.deepEqual([typesOf(events, 'tool-call'), typesOf(events, 'tool-result')], [[], []])
  })

test('a call of a tool that cannot be read is told to the model, and the run goes on and is paid', async () => {
  const agentId = await agentOf('unreadable-calls')
  const mistyped = { index: 0, id: {}, function: { name: 7, arguments: [] } }
  const unfinished = calling([{ id: 'a', name: 'time', args: '{"time_zone":"Eur' }])
  upstream.answer(
    { chunks: unfinished },
    {
      chunks: [
        JSON.stringify({ choices: [{ delta: { tool_calls: [mistyped] }, finish_reason: 'tool_calls' }] }),
      ],
    },
    { chunks: openAiText },
  )
  const { run, events, account, requests } = await ask(agentId, start)
  assert.deepEqual([run.status, run.output, requests], ['done', saidText, 3])
  const results = events.flatMap(event => (event.type === 'tool-result' ? [event] : []))
  assert.deepEqual(
    results.map(({ is_error }) => is_error),
    [true, true],
  )
  assert.match(results[0]?.content ?? '', /not valid JSON/)
  assert.match(results[1]?.content ?? '', /There is no tool "".*time/)
  assert.deepEqual(account, { balance: start - costOf(run), held: 0 })
})

test('who cannot pay the first step has no run, and a run whose next step cannot be paid ends with what was done', async () => {
  const agentId = await agentOf('unpaid')
  const usage = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 40 } }
  const call = calling([{ id: 'a', name: 'time', args: '{}' }])
  upstream.answer({ chunks: [...call, JSON.stringify(usage)] })
  const asked = upstream.requests.length
  const poor = await userWith(100)
  const reply = await poor.fetch(`/api/v1/agents/${agentId}/runs`, json('POST', { messages }))
  assert.deepEqual(
    [reply.status, ((await reply.json()) as Run['error'])?.code],
    [402, 'insufficient-credits'],
  )
  assert.deepEqual(await (await poor.fetch('/api/v1/runs')).json(), { data: [], next_cursor: null })
  assert.deepEqual(await accountOf(poor), { balance: 100, held: 0 })
  assert.equal(upstream.requests.length, asked)
  const requestId = reply.headers.get('x-request-id')
  const isRefusal = ({ event, fields }: Line) =>
    event === 'request-end' && fields.request_id === requestId && fields.status === 402
  await until(() => lines.some(isRefusal), 'its log line')

  // Enough for one step: 50 tokens of the answer, and the question. Not for a second one after the first was paid.
  const first = price.run + 10 * price.input + 40 * price.output
  const { run, events, account, requests, log } = await ask(agentId, 1000)
  assert.deepEqual([run.status, run.error?.code, requests], ['failed', 'insufficient-credits', 1])
  assert.equal(events.at(-1)?.type, 'run-error')
  assert.deepEqual(typesOf(events, 'tool-result').length, 1)
  assert.deepEqual([run.credits, account], [first, { balance: 1000 - first, held: 0 }])
  assert.equal(log.at(-1)?.fields.code, 'insufficient-credits')
})
