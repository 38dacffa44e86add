import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, type TestContext, test } from 'node:test'
import { EventType, HttpAgent, type RunAgentInput } from '@ag-ui/client'
import { EventSchemas } from '@ag-ui/core/schemas'
import { createClient } from '@roundhouse/sdk'
import type { Run } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { llmUpstream, type Script } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { until } from '../src/testing/until.ts'

type Event = ReturnType<typeof EventSchemas.parse>

const upstream = await llmUpstream({ after }, obey)
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url })
const user = await house.user()
const client = createClient({ baseUrl: house.url, token: user.key })

async function publish(config: Record<string, unknown>): Promise<string> {
  const name = `agent-${randomUUID()}`
  const agent = await client.agents.create({ name, provider: 'default', model: 'obedient', ...config })
  await client.agents.publish(agent.id)
  return agent.id
}

const obedient = await publish({ tools: [{ type: 'time' }] })
const careful = await publish({ tools: [{ type: 'time', approval: true }] })
const time = order('time', '{}')

/** The client as it is installed; each event is checked against the protocol, and nothing in them is foreign to it. */
function agentOf(t: TestContext, agentId: string) {
  const events: Event[] = []
  const agent = new HttpAgent({
    url: `${house.url}/api/v1/agents/${agentId}/ag-ui`,
    headers: { authorization: `Bearer ${user.key}` },
  })
  agent.subscribe({ onEvent: ({ event }) => void events.push(EventSchemas.parse(event)) })
  const warned = t.mock.method(console, 'warn', () => {})
  t.mock.method(console, 'error', () => {})
  t.after(() =>
    assert.deepEqual(
      warned.mock.calls.map(({ arguments: said }) => said.join(' ')),
      [],
    ),
  )
  /** Gives its events. */
  async function run(more: Partial<RunAgentInput> = {}) {
    events.length = 0
    await agent.runAgent(more)
    return [...events]
  }

  function ask(content: string, more: Partial<RunAgentInput> = {}) {
    agent.addMessage({ id: randomUUID(), role: 'user', content })
    return run(more)
  }

  return { agent, events, ask, run }
}

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type)
const lines = ({ messages }: HttpAgent) =>
  messages.map(({ role, content }) => `${role}: ${typeof content === 'string' ? content : ''}`)

function interruptsOf(events: readonly Event[]) {
  const last = events.at(-1)
  const outcome = last?.type === EventType.RUN_FINISHED ? last.outcome : undefined
  assert.ok(outcome?.type === 'interrupt', JSON.stringify(last))
  return outcome.interrupts
}

/** Without the client, which would not send it. */
async function post(agentId: string, body: object, caller = user): Promise<Event[]> {
  const input = { threadId: 't', runId: randomUUID(), messages: [], ...body }
  const reply = await caller.fetch(`/api/v1/agents/${agentId}/ag-ui`, json('POST', input))
  const text = await reply.text()
  assert.equal(reply.status, 200, text)
  assert.equal(reply.headers.get('content-type'), 'text/event-stream')
  return text
    .split('\n\n')
    .filter(frame => frame.startsWith('data: '))
    .map(frame => EventSchemas.parse(JSON.parse(frame.slice('data: '.length))))
}

async function runsOf(agentId: string): Promise<Run[]> {
  return (await client.runs.list({ agent_id: agentId })).data
}

const saying = (...pieces: string[]): string[] => [
  ...pieces.map(content => JSON.stringify({ choices: [{ index: 0, delta: { content } }] })),
  JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
]

test('a client of AG-UI holds a conversation: texts, thoughts, tools and steps, each a run of ours', async t => {
  const { agent, ask } = agentOf(t, obedient)
  const spoken = await ask(`What time is it? ${time}`, {
    runId: 'their-run',
    context: [{ description: 'The page', value: 'Berlin' }],
    tools: [{ name: 'paint', description: 'Paints.' }],
  })
  const step = ['STEP_STARTED', 'TOOL_CALL_START', 'TOOL_CALL_ARGS', 'TOOL_CALL_END', 'STEP_FINISHED']
  const last = [
    'STEP_STARTED',
    'TEXT_MESSAGE_START',
    'TEXT_MESSAGE_CONTENT',
    'TEXT_MESSAGE_END',
    'STEP_FINISHED',
  ]
  assert.deepEqual(typesOf(spoken), ['RUN_STARTED', ...step, 'TOOL_CALL_RESULT', ...last, 'RUN_FINISHED'])
  assert.partialDeepStrictEqual(spoken[0], {
    threadId: agent.threadId,
    runId: 'their-run',
    protocolVersion: '1.0',
  })
  assert.partialDeepStrictEqual(spoken.at(-1), { runId: 'their-run', outcome: { type: 'success' } })
  const [run] = await runsOf(obedient)
  assert.deepEqual(spoken[0]?.metadata, { roundhouse: { run_id: run?.id } })
  assert.equal(run?.status, 'done')

  const think: Script = {
    chunks: [
      JSON.stringify({ choices: [{ index: 0, delta: { reasoning_content: 'Hm.' } }] }),
      ...saying('Good', ' bye.'),
    ],
  }
  upstream.answer(think)
  const second = await ask('And now?')
  assert.ok(typesOf(second).join().includes('REASONING_MESSAGE_CONTENT,REASONING_MESSAGE_END,REASONING_END'))
  const told = upstream.requests.at(-1)?.body as { messages: { role: string; content: string }[] }
  assert.deepEqual(
    told.messages.map(({ role, content }) => `${role}: ${content}`),
    [`user: What time is it? ${time}`, 'assistant: Done.', 'user: And now?'],
    'the client brings the conversation',
  )
  const first = upstream.requests.at(-2)?.body as typeof told & { tools: { function: { name: string } }[] }
  assert.match(first.messages[0]?.content ?? '', /The page: Berlin/)
  assert.deepEqual(
    first.tools.map(tool => tool.function.name),
    ['time'],
  )
  upstream.answer(obey)
  assert.match(
    lines(agent).join('\n'),
    /assistant: \ntool: .*\nassistant: Done\.\nuser: And now\?\nreasoning: Hm\.\nassistant: Good bye\.$/,
  )
})

test('a run that asks a person ends with an interrupt, and the answer goes on in the same run', async t => {
  const { agent, ask, run } = agentOf(t, careful)
  agent.state = { page: 3 }
  const asked = await ask(`${time}${time}`)
  assert.deepEqual(typesOf(asked.slice(-3)), ['STATE_SNAPSHOT', 'MESSAGES_SNAPSHOT', 'RUN_FINISHED'])
  assert.deepEqual(agent.state, { page: 3 })
  const interrupts = interruptsOf(asked)
  const calls = asked.flatMap(event => (event.type === EventType.TOOL_CALL_START ? [event.toolCallId] : []))
  assert.deepEqual(
    interrupts.map(({ toolCallId }) => toolCallId),
    calls,
  )
  for (const { reason, responseSchema, expiresAt } of interrupts) {
    assert.deepEqual([reason, responseSchema?.required], ['tool_call', ['approved']])
    assert.ok(Date.parse(expiresAt ?? '') > Date.now())
  }
  const [yes, no] = interrupts
  const resume = [
    { interruptId: yes?.id ?? '', status: 'resolved' as const, payload: { approved: true } },
    {
      interruptId: no?.id ?? '',
      status: 'resolved' as const,
      payload: { approved: false, note: 'Not now.' },
    },
  ]
  const gone = await run({ runId: 'the-answer', resume })
  assert.deepEqual(typesOf(gone).slice(0, 3), ['RUN_STARTED', 'TOOL_CALL_RESULT', 'TOOL_CALL_RESULT'])
  assert.ok(!typesOf(gone).includes('TOOL_CALL_START'), 'calls are not told again')
  assert.partialDeepStrictEqual(gone.at(-1), { runId: 'the-answer', outcome: { type: 'success' } })
  const results = gone.flatMap(event => (event.type === EventType.TOOL_CALL_RESULT ? [event] : []))
  assert.deepEqual(new Set(results.map(({ toolCallId }) => toolCallId)), new Set(calls))
  assert.match(
    String(results.find(({ toolCallId }) => toolCallId === calls[1])?.content),
    /declined.*Not now\./,
  )
  assert.equal(lines(agent).at(-1), 'assistant: Done.')
  assert.equal((await runsOf(careful)).length, 1)

  const again = await post(careful, { resume, messages: agent.messages })
  const compared = ({ type, ...event }: Event) => ({
    type,
    ...event,
    runId: undefined,
    threadId: undefined,
  })
  assert.deepEqual(
    again.filter(({ type }) => type !== EventType.MESSAGES_SNAPSHOT).map(compared),
    gone.map(compared),
    'the same answers again find the same',
  )
  const turned = await post(careful, {
    resume: resume.map(entry => ({ ...entry, payload: { approved: true } })),
  })
  assert.partialDeepStrictEqual(turned, [{ type: 'RUN_ERROR', code: 'conflict' }])
})

test('answers that are partial, unknown, foreign or malformed are refused, and so is going on without them', async t => {
  const { agent, ask } = agentOf(t, careful)
  const [first, second] = interruptsOf(await ask(`${time}${time}`))
  const answer = (interruptId = '', payload: unknown = { approved: true }) => ({
    interruptId,
    status: 'resolved',
    payload,
  })
  const both = [answer(first?.id), answer(second?.id)]
  for (const [what, resume, code] of [
    ['partial', [answer(first?.id)], 'invalid-request'],
    ['twice', [...both, answer(second?.id)], 'invalid-request'],
    ['unknown', [...both, answer(randomUUID())], 'resource-not-found'],
    ['no id of ours', [answer('int-1')], 'resource-not-found'],
    ['no payload', [answer(first?.id), { interruptId: second?.id, status: 'resolved' }], 'invalid-request'],
    ['another form', [answer(first?.id), answer(second?.id, 'yes')], 'invalid-request'],
  ] as const)
    assert.partialDeepStrictEqual(await post(careful, { resume }), [{ type: 'RUN_ERROR', code }], what)
  const stranger = await house.user()
  for (const refused of [
    await post(careful, { resume: both }, stranger),
    await post(obedient, { resume: both }),
  ])
    assert.partialDeepStrictEqual(refused, [{ type: 'RUN_ERROR', code: 'resource-not-found' }])
  const past = await post(careful, { messages: agent.messages })
  assert.partialDeepStrictEqual(past, [{ type: 'RUN_ERROR', code: 'conflict' }])
  const waiting = (await runsOf(careful)).filter(({ status }) => status === 'waiting')
  assert.equal(waiting.length, 1, 'nothing was answered, and nothing begun')

  const cancelled = both.map(({ interruptId }) => ({ interruptId, status: 'cancelled' }))
  const abandoned = await post(careful, { resume: cancelled, messages: agent.messages })
  assert.deepEqual(
    abandoned.flatMap(event =>
      event.type === EventType.TOOL_CALL_RESULT ? [/declined/.test(String(event.content))] : [],
    ),
    [true, true],
  )
  assert.equal(abandoned.at(-1)?.type, 'RUN_FINISHED')
})

test('an answer that breaks off and is begun anew leaves no text behind', async t => {
  const { agent, ask } = agentOf(t, obedient)
  const [word = ''] = saying('Never mind')
  upstream.answer({ chunks: [word], end: 'cut' }, { chunks: saying('Good', ' day.') })
  const events = await ask('Hello')
  upstream.answer(obey)
  assert.ok(typesOf(events).includes('MESSAGES_SNAPSHOT'))
  assert.deepEqual(lines(agent), ['user: Hello', 'assistant: Good day.'])
})

test('what fails before the run begins is a problem, and after that the last event', async t => {
  const path = `/api/v1/agents/${obedient}/ag-ui`
  const said = { threadId: 't', runId: 'r', messages: [{ id: 'm', role: 'user', content: 'Hi' }] }
  const refusal = async (asking: Promise<Response>) => {
    const reply = await asking
    const { code } = (await reply.json()) as { code: string }
    return [reply.status, code]
  }
  assert.deepEqual(await refusal(house.anonymous(path, json('POST', said))), [401, 'unauthenticated'])
  for (const body of [{ ...said, messages: [] }, { ...said, messages: [{ role: 'user' }] }, { messages: [] }])
    assert.deepEqual(await refusal(user.fetch(path, json('POST', body))), [400, 'invalid-request'])
  const nowhere = `/api/v1/agents/${randomUUID()}/ag-ui`
  assert.deepEqual(await refusal(user.fetch(nowhere, json('POST', said))), [404, 'agent-not-found'])

  upstream.answer({ status: 401, body: '{}' })
  const { agent, ask, events } = agentOf(t, obedient)
  await ask('Hello')
  upstream.answer(obey)
  assert.partialDeepStrictEqual(events.at(-1), { type: 'RUN_ERROR', code: 'provider-unauthorised' })
  assert.equal((await ask('Hello again')).at(-1)?.type, 'RUN_FINISHED')
  assert.equal(lines(agent).at(-1), 'assistant: Done.')
})

test('a client that goes away stops no run, and one key asks once', async () => {
  upstream.answer({ chunks: saying('Good', ' day.'), paceMs: 50 })
  const leave = new AbortController()
  const asking = {
    ...json('POST', { threadId: 't', runId: 'r', messages: [{ id: 'm', role: 'user', content: 'Hi' }] }),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
  }
  const path = `/api/v1/agents/${obedient}/ag-ui`
  const reply = await user.fetch(path, { ...asking, signal: leave.signal })
  const begun = new TextDecoder().decode((await reply.body?.getReader().read())?.value)
  leave.abort()
  const runId = /"run_id":"([^"]+)"/.exec(begun)?.[1] ?? ''
  await until(async () => (await client.runs.get(runId)).status === 'done', 'the run is done')
  upstream.answer(obey)
  const again = await (await user.fetch(path, asking)).text()
  assert.match(again, new RegExp(`"run_id":"${runId}"`))
  assert.match(again, / day\./)
})

test('of large conversations fewer are followed at a time', async () => {
  upstream.answer({ chunks: saying('Good', ' day.'), paceMs: 60_000 })
  const past = { id: 'p', role: 'activity', activityType: 'page', content: 'x'.repeat(7_800_000) }
  const messages = [past, { id: 'm', role: 'user', content: 'Hi' }]
  const body = json('POST', { threadId: 't', runId: 'r', messages })
  const ask = () => user.fetch(`/api/v1/agents/${obedient}/ag-ui`, body)
  const replies = [await ask(), await ask(), await ask()]
  assert.deepEqual([...replies.map(({ status }) => status), (await ask()).status], [200, 200, 200, 429])
  upstream.answer(obey)
  for (const { id, status } of await runsOf(obedient)) if (status === 'running') await client.runs.cancel(id)
  for (const reply of replies) await reply.text()
  const again = await ask()
  assert.equal(again.status, 200, 'their places are free')
  assert.match(await again.text(), /RUN_FINISHED/)
})
