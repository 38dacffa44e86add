import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type CreateAgent, collectRun, createClient } from '@roundhouse/sdk'
import { sql } from 'kysely'
import OpenAI from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { llmUpstream, type Script } from '../src/testing/llm-upstream.ts'
import { calling } from '../src/testing/obedient-model.ts'

const secret = 's'.repeat(32)
const card = '4111 1111 1111 1111'
const said = (...pieces: string[]): Script => ({
  chunks: [
    ...pieces.map(content =>
      JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    ),
    JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  ],
})
const withCard = said('You paid with 41', '11 1111 111', '1 1111 toda', 'y.')

const upstream = await llmUpstream({ after }, withCard)
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url, RAILWAY_BACKEND_SECRET: secret })
const user = await house.user({ role: 'admin' })
const client = createClient({ baseUrl: house.url, token: user.key })
const openai = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: user.key, maxRetries: 0 })
const guardrails: CreateAgent['guardrails'] = [
  { type: 'pii', on: ['input', 'output'], action: 'mask' },
  {
    type: 'pattern',
    name: 'no-cats',
    on: ['input', 'output'],
    action: 'refuse',
    pattern: '\\bcats?\\b',
    ignore_case: true,
  },
]
const agent = await client.agents.create({
  name: 'Guarded',
  model: 'default/gpt',
  guardrails,
})
await client.agents.publish(agent.id)
const model = `agent:${agent.slug}`
const asking = (content: string) => [{ role: 'user' as const, content }]
const question = asking(`Was it ${card}, from ann@example.com?`)
const answer = 'You paid with [card] today.'

test('what is masked comes through no door in clear, and is nowhere in the database', async () => {
  const { id } = await client.runs.start(agent.id, { messages: question, thread_id: randomUUID() })
  const run = await collectRun(client.runs.follow(id))
  assert.equal(run.text, answer)

  let text = ''
  const stream = await openai.chat.completions.create({ model, messages: question, stream: true })
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  assert.equal(text, answer)

  const executed = await house.anonymous('/api/agent/execute-validated', {
    ...json('POST', {
      userId: user.id,
      agentId: agent.id,
      stream: false,
      agentConfig: { system_prompt: 'Be brief.', ai_model: 'default/gpt' },
      messages: question,
    }),
    headers: { 'content-type': 'application/json', 'x-railway-secret': secret },
  })
  assert.equal(((await executed.json()) as { response?: string }).response, answer)

  const own = await httpServer({ after }, (_request, response) => {
    const frames = ['You paid with 4111 11', '11 1111 1111 today.'].map(content => ({
      type: 'chunk',
      content,
    }))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(
      [...frames, { type: 'done', response: '' }].map(frame => `data: ${JSON.stringify(frame)}\n\n`).join(''),
    )
  })
  const remote = await client.agents.create({
    name: 'Afar',
    model: 'm',
    railway_url: `${own.url}/run`,
    guardrails,
  })
  const far = await client.runs.start(remote.id, { messages: question, version: 'draft' })
  assert.equal((await collectRun(client.runs.follow(far.id))).text, answer)

  assert.doesNotMatch(JSON.stringify(upstream.requests), /4111|ann@/)
  for (const table of ['runs', 'run_events', 'run_steps', 'thread_messages']) {
    const { rows } = await sql<{ row: string }>`
      select to_jsonb(stored)::text as row from ${sql.table(table)} as stored`.execute(
      house.ground.database.system,
    )
    assert.ok(
      rows.some(({ row }) => row.includes('[card]')),
      table,
    )
    assert.doesNotMatch(JSON.stringify(rows), /1111|ann@/, table)
  }
  const { spans } = await client.runs.trace(id)
  assert.deepEqual(spans[1]?.attributes.guardrails, [{ rule: 'pii', on: 'output', action: 'mask', count: 1 }])
  assert.deepEqual(spans[1]?.attributes.input_guardrails, [
    { rule: 'pii', on: 'input', action: 'mask', count: 2 },
  ])
})

test('what is refused makes no run, and what is refused of an answer ends it, at each door', async () => {
  const before = await client.runs.list({ limit: 100 })
  const refused = { status: 422, code: 'guardrail-refused', message: /no-cats/ }
  await assert.rejects(client.runs.start(agent.id, { messages: asking('Cats?') }), refused)
  await assert.rejects(openai.chat.completions.create({ model, messages: asking('Cats?') }), {
    status: 422,
    code: 'guardrail-refused',
  })
  assert.deepEqual(await client.runs.list({ limit: 100 }), before)

  upstream.answer(said('All but ca', 'ts.'))
  const { id } = await client.runs.start(agent.id, { messages: asking('Who?') })
  await collectRun(client.runs.follow(id)).catch(() => {})
  const run = await client.runs.get(id)
  assert.deepEqual([run.status, run.error?.code, run.output], ['failed', 'guardrail-refused', 'All but '])
  await assert.rejects(openai.chat.completions.create({ model, messages: asking('Who?') }), {
    status: 422,
    code: 'guardrail-refused',
  })
})

test('what a person says to an approval is kept as what was sent is', async () => {
  const careful = await client.agents.create({
    name: 'Careful',
    model: 'default/gpt',
    tools: [{ type: 'time', approval: true }],
    guardrails,
  })
  upstream.answer({ chunks: calling([{ name: 'time', args: '{}', id: 'a' }]) })
  const { id } = await client.runs.start(careful.id, { messages: asking('When?'), version: 'draft' })
  let approvalId = ''
  for await (const { event } of client.runs.follow(id)) {
    if (event.type !== 'approval-request') continue
    approvalId = event.approval_id
    break
  }
  upstream.answer(withCard)
  await assert.rejects(client.runs.answer(id, approvalId, { approved: false, note: 'No cats.' }), {
    status: 422,
    code: 'guardrail-refused',
  })
  await client.runs.answer(id, approvalId, { approved: false, note: `Not with ${card}.` })
  await collectRun(client.runs.follow(id))
  assert.match(JSON.stringify(upstream.requests.at(-1)), /They said: Not with \[card\]\./)
  for (const table of ['approvals', 'run_events', 'run_steps']) {
    const { rows } = await sql<{ row: string }>`
      select to_jsonb(stored)::text as row from ${sql.table(table)} as stored`.execute(
      house.ground.database.system,
    )
    assert.doesNotMatch(JSON.stringify(rows), /1111/, table)
  }
})

test('rules that cannot be kept are refused when they are set', async () => {
  for (const [rule, field] of [
    [
      { type: 'pattern', on: ['input'], action: 'mask', pattern: '(?=a)' },
      /guardrails\.0\.pattern: Look-around/,
    ],
    [
      { type: 'schema', on: ['input'], action: 'refuse', schema: { type: 'nothing' } },
      /guardrails\.0\.schema/,
    ],
    [{ type: 'moderation', on: ['input'], url: 'http://m.example' }, /guardrails\.0\.url/],
    [{ type: 'length', on: ['input', 'input'], action: 'cut', max: 1 }, /guardrails\.0\.on/],
  ] as const) {
    const reply = await user.fetch(`/api/v1/agents/${agent.id}`, json('PATCH', { guardrails: [rule] }))
    assert.deepEqual([reply.status, field.test(await reply.text())], [400, true], rule.type)
  }
})
