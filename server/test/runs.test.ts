import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type Client, collectRun, createClient } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { createEventStore } from '../src/runs/events/store.ts'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { assertWhole, textOf } from '../src/testing/run-events.ts'
import { until } from '../src/testing/until.ts'
import { readRun } from './run-readers.ts'

const house = await testHouse({ after })
const user = await house.user()
const other = await house.user()
const client: Client = createClient({ baseUrl: house.url, token: user.key })
const messages = [{ role: 'user' as const, content: 'Hello you' }]
const agent = await client.agents.create({ name: 'Demo', model: 'demo/demo', tools: [{ type: 'time' }] })
await client.agents.publish(agent.id)

function events(runId: string, headers: Record<string, string> = {}, query = ''): Promise<Response> {
  return user.fetch(`/api/v1/runs/${runId}/events${query}`, { headers })
}

/** What a run asks a person, and the number of the event that told so. */
async function questionOf(runId: string): Promise<{ approvalId: string; seq: number }> {
  for await (const { event, seq } of client.runs.follow(runId))
    if (event.type === 'approval-request') return { approvalId: event.approval_id, seq }
  throw new Error('It asked nothing.')
}

test('an agent is asked, its run is followed to its end, and is there with its answer and trace', async () => {
  const run = await client.runs.start(agent.id, { messages })
  assert.deepEqual([run.status, run.mode, run.agent_version], ['running', 'inline', 1])
  const state = await collectRun(client.runs.follow(run.id))
  assert.equal(state.status, 'done')
  assert.match(state.text, /Hello you/)
  assert.equal(state.output, state.text)
  const ended = await client.runs.get(run.id)
  assert.deepEqual([ended.status, ended.output, ended.last_event], ['done', state.output, state.lastEvent])
  const trace = await client.runs.trace(run.id)
  assert.deepEqual(
    trace.spans.map(span => [span.kind, span.status]),
    [
      ['run', 'done'],
      ['llm', 'done'],
    ],
  )
  assert.equal(trace.request_id, ended.request_id)
})

test('with `stream` the answer is the events, from number 1, in a form that no proxy holds back', async () => {
  const reply = await user.fetch(
    `/api/v1/agents/${agent.id}/runs`,
    json('POST', { messages: [{ role: 'user', content: 'call time' }], stream: true }),
  )
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'text/event-stream')
  assert.equal(reply.headers.get('cache-control'), 'no-cache')
  assert.equal(reply.headers.get('x-accel-buffering'), 'no')
  assert.ok(reply.headers.get('x-request-id'))
  const runId = /\/api\/v1\/runs\/(.*)/.exec(reply.headers.get('location') ?? '')?.[1] ?? ''
  const streamed = await reply.text()
  const whole = await readRun({ urls: () => [house.url], token: user.key, runId, limitMs: 10_000 })
  assertWhole(whole)
  assert.equal(streamed, await (await events(runId)).text())
  const types = whole.map(({ event }) => event.type)
  for (const type of [
    'run-start',
    'step-start',
    'tool-call',
    'tool-result',
    'step-end',
    'text-delta',
    'run-end',
  ])
    assert.ok(types.includes(type as (typeof types)[number]), `${type} in ${types.join()}`)
  assert.match(textOf(whole), /The tool time answered/)
})

test('a reader goes on behind the number it names; `Last-Event-ID` wins, and behind the last there is nothing', async () => {
  const run = await client.runs.start(agent.id, { messages })
  const { lastEvent } = await collectRun(client.runs.follow(run.id))
  const first = async (reply: Promise<Response>) => /^id: (\d+)\n/.exec(await (await reply).text())?.[1]
  assert.equal(await first(events(run.id, {}, '?starting_after=2')), '3')
  assert.equal(await first(events(run.id, { 'last-event-id': '4' }, '?starting_after=2')), '5')
  assert.equal(await first(events(run.id, { 'last-event-id': 'what' }, '?starting_after=2')), '3')
  assert.equal((await events(run.id, { 'last-event-id': String(lastEvent) })).status, 204)
})

test('who asks for events that were removed is told the result in their place', async () => {
  const run = await client.runs.start(agent.id, { messages })
  const { output } = await collectRun(client.runs.follow(run.id))
  const { system } = house.ground.database
  await sql`update runs set finished_at = now() - interval '8 days' where id = ${run.id}`.execute(system)
  const store = createEventStore(system)
  assert.equal(await store.prune(7, 2), true)
  assert.equal((await events(run.id)).status, 410, 'what is left of them is not told as all')
  while (await store.prune(7));
  const reply = await events(run.id)
  assert.equal(reply.status, 410)
  const body = (await reply.json()) as { code: string; run: { id: string; output: string } }
  assert.deepEqual([body.code, body.run.id, body.run.output], ['run-events-gone', run.id, output])
  assert.deepEqual(body.run, await client.runs.get(run.id))
  await assert.rejects(collectRun(client.runs.follow(run.id)), { code: 'run-events-gone' })
})

test('who asks behind a number that there is not yet hears what comes, to the last event', async () => {
  const careful = await client.agents.create({
    name: 'Ahead',
    model: 'demo/demo',
    tools: [{ type: 'time', approval: true }],
  })
  await client.agents.publish(careful.id)
  const run = await client.runs.start(careful.id, { messages: [{ role: 'user', content: 'call time' }] })
  const asked = await questionOf(run.id)
  const replies: Promise<string>[] = []
  for (const reader of [
    events(run.id, { 'last-event-id': '999999' }),
    events(run.id, {}, '?starting_after=999999'),
  ]) {
    const reply = await reader
    assert.equal(reply.status, 200)
    replies.push(reply.text())
  }
  await client.runs.answer(run.id, asked.approvalId, { approved: true })
  for (const text of await Promise.all(replies)) {
    assert.match(text, new RegExp(`^id: ${asked.seq + 1}\\n`))
    assert.match(text, /"type":"run-end"/)
  }
})

test('a client that goes away stops no run', async () => {
  const leave = new AbortController()
  const reply = await user.fetch(`/api/v1/agents/${agent.id}/runs`, {
    ...json('POST', { messages, stream: true }),
    signal: leave.signal,
  })
  const runId = /\/api\/v1\/runs\/(.*)/.exec(reply.headers.get('location') ?? '')?.[1] ?? ''
  leave.abort()
  assert.equal((await collectRun(client.runs.follow(runId))).status, 'done')
})

test('a run can be stopped, and says so as its last word', async () => {
  const run = await client.runs.start(agent.id, { messages })
  await client.runs.cancel(run.id)
  const { status } = await collectRun(client.runs.follow(run.id))
  // The demo may have been quicker.
  assert.ok(status === 'cancelled' || status === 'done', status)
  assert.equal((await client.runs.get(run.id)).status, status)
})

test('the same Idempotency-Key asks once, with `stream` too', async () => {
  const ask = (stream: boolean) =>
    user.fetch(`/api/v1/agents/${agent.id}/runs`, {
      ...json('POST', { messages, stream }),
      headers: { 'content-type': 'application/json', 'idempotency-key': `once-${stream}` },
    })
  for (const stream of [false, true]) {
    const first = await ask(stream)
    const location = first.headers.get('location')
    await first.text()
    const second = await ask(stream)
    assert.equal(second.status, 201)
    assert.equal(second.headers.get('idempotency-replayed'), 'true')
    assert.equal(`/api/v1/runs/${((await second.json()) as { id: string }).id}`, location)
  }
})

test('runs are listed newest first, page by page, and nobody sees those of another', async () => {
  const all: string[] = []
  for await (const run of client.runs.iterate({ limit: 2 })) all.push(run.id)
  assert.deepEqual(all, all.toSorted().toReversed())
  assert.ok(all.length >= 5)
  const stranger = createClient({ baseUrl: house.url, token: other.key })
  assert.deepEqual((await stranger.runs.list()).data, [])
  const [id = ''] = all
  for (const call of [
    () => stranger.runs.get(id),
    () => stranger.runs.cancel(id),
    () => stranger.runs.trace(id),
    () => stranger.runs.answer(id, id, { approved: true }),
    () => collectRun(stranger.runs.follow(id)),
  ])
    await assert.rejects(call, { code: 'run-not-found' })
})

test('a tool that needs a person waits for the answer, and its note is part of the stream', async () => {
  const careful = await client.agents.create({
    name: 'Careful',
    model: 'demo/demo',
    tools: [{ type: 'time', approval: true }],
  })
  await client.agents.publish(careful.id)
  const run = await client.runs.start(careful.id, { messages: [{ role: 'user', content: 'call time' }] })
  for await (const { event } of client.runs.follow(run.id)) {
    if (event.type !== 'approval-request') continue
    assert.equal(event.name, 'time')
    await client.runs.answer(run.id, event.approval_id, { approved: true, note: 'Please' })
  }
  const state = await collectRun(client.runs.follow(run.id))
  assert.deepEqual([state.status, state.questions], ['done', []])
  assert.match(state.text, /The tool time answered/)
})

test('texts that cannot be stored, and numbers beyond all that there are, are refused', async () => {
  const refuse = async (asked: Promise<Response>) => {
    const reply = await asked
    return [reply.status, ((await reply.json()) as { detail: string }).detail.split(':')[0]]
  }
  const ask = (body: unknown) => refuse(user.fetch(`/api/v1/agents/${agent.id}/runs`, json('POST', body)))
  for (const content of ['a\0b', 'a\udfffb'])
    assert.deepEqual(await ask({ messages: [{ role: 'user', content }] }), [400, 'messages.0.content'])
  assert.equal((await ask({ messages, version: 3_000_000_000 }))[0], 400)
  const run = await client.runs.start(agent.id, { messages })
  assert.deepEqual(await refuse(events(run.id, {}, '?starting_after=3000000000')), [400, 'starting_after'])
  const approval = `/api/v1/runs/${run.id}/approvals/${run.id}`
  for (const note of ['a\0b', 'a\ud800b'])
    assert.deepEqual(await refuse(user.fetch(approval, json('POST', { approved: true, note }))), [
      400,
      'note',
    ])
})

test('what the house paid is told to administrators alone', async () => {
  const run = await client.runs.start(agent.id, { messages })
  await collectRun(client.runs.follow(run.id))
  const costs = async (as: Client) => (await as.runs.trace(run.id)).spans.map(span => span.cost_micros)
  assert.deepEqual(await costs(client), [null, null])
  const admin = await house.user({ role: 'admin' })
  assert.deepEqual(await costs(createClient({ baseUrl: house.url, token: admin.key })), [0, 0])
})

test('an agent that is not there, or not for the caller, and words that make no sense have their codes', async () => {
  const ask = async (id: string, body: unknown, as = user) => {
    const reply = await as.fetch(`/api/v1/agents/${id}/runs`, json('POST', body))
    return [reply.status, ((await reply.json()) as { code: string }).code]
  }
  assert.deepEqual(await ask('0190f0f0-0000-7000-8000-000000000000', { messages }), [404, 'agent-not-found'])
  assert.deepEqual(await ask(agent.id, { messages }, other), [404, 'agent-not-found'])
  assert.deepEqual(await ask(agent.id, { messages: [] }), [400, 'invalid-request'])
  assert.deepEqual(await ask(agent.id, { messages, version: 9 }), [404, 'agent-not-found'])
})

test('what was said in a thread is summed up behind the answers, and shown to the next run', async () => {
  const made = await client.agents.create({
    name: 'Talker',
    model: 'demo/demo',
    memory: { messages: 2, summarise: true },
  })
  const thread_id = randomUUID()
  const ask = async (content: string) => {
    const { id } = await client.runs.start(made.id, { messages: [{ role: 'user', content }], thread_id })
    assert.equal((await collectRun(client.runs.follow(id))).status, 'done')
    return id
  }
  await ask('one')
  await ask('two')
  const third = await ask('three')
  await until(async () => {
    const { spans } = await client.runs.trace(third)
    return spans.some(({ attributes }) => attributes.purpose === 'summary')
  }, 'the summary is a step of the run')
  const { rows } = await sql<{ memory: { role: string; content: string }[] }>`
    select memory from runs where id = ${await ask('four')}`.execute(house.ground.database.system)
  const [first, ...rest] = rows[0]?.memory ?? []
  assert.match(first?.content ?? '', /^What was said before, in short:/)
  assert.deepEqual(rest[0], { role: 'user', content: 'three' })
})
