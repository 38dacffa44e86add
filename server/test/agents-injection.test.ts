import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Run, RunEvent } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { calling, obey, order } from '../src/testing/obedient-model.ts'
import { identityModel } from '../src/testing/onnx/models.ts'
import { assertWhole, type SeenEvent } from '../src/testing/run-events.ts'
import { until } from '../src/testing/until.ts'
import { credentialed, type Member, signUp } from './members.ts'
import { readRun } from './run-readers.ts'
import { startServer, uploadForm } from './server.ts'

const upstream = await llmUpstream({ after }, obey)
const server = await startServer(
  { after },
  {
    env: {
      SAMPLE_MODEL: 'false',
      DEFAULT_PLAN: 'unlimited',
      LLM_BASE_URL: upstream.url,
    },
  },
)

/** Its id. Each gives back the words it is given. */
async function push(owner: Member, name: string, visibility: 'private' | 'users'): Promise<string> {
  const form = uploadForm(name, identityModel('BYTES', ['N']), { visibility, price: String(price) })
  const reply = await owner.fetch('/api/v1/models', { method: 'POST', body: form })
  const text = await reply.text()
  assert.equal(reply.status, 201, text)
  return (JSON.parse(text) as { id: string }).id
}

const price = 3
const [author, bob, ann] = [
  await signUp(server, 'author'),
  await signUp(server, 'bob'),
  await signUp(server, 'ann'),
]
await server.call('POST', `/api/v1/admin/users/${ann.id}/credits`, { amount: 10_000, reason: 'test' })
const models: Record<string, string> = {
  echo: await push(author, 'echo', 'users'),
  'of-the-author': await push(author, 'of-the-author', 'private'),
  'of-bob': await push(bob, 'of-bob', 'private'),
  'of-ann': await push(ann, 'of-ann', 'private'),
}

async function publish(name: string, config: Record<string, unknown>): Promise<{ id: string; slug: string }> {
  const about = {
    name,
    visibility: 'users' as const,
    provider: 'default',
    model: 'obedient',
  }
  const agent = await author.client.agents.create({ ...about, ...config })
  await author.client.agents.publish(agent.id)
  return agent
}

const echo = { type: 'model', model: 'echo' } as const
const helper = await publish('Helper', { tools: [echo] })
await publish('Other helper', { tools: [{ type: 'model', model: 'of-the-author' }, { type: 'time' }] })

const known = new Set<string>()

/** Predictions since this was last asked, by anyone, of any model: whose and of what. The first come first. */
async function predicted(count: number): Promise<unknown[]> {
  type Row = { id: string; user_id: string | null; input_data: unknown }
  let rows: (Row & { name: string })[] = []
  await until(async () => {
    const pages = Object.entries(models).map(async ([name, id]) => {
      const { body } = await server.call('GET', `/api/v1/models/${id}/predictions?limit=100`)
      return (body.data as Row[]).map(row => ({ ...row, name }))
    })
    rows = (await Promise.all(pages)).flat().filter(({ id }) => !known.has(id))
    return rows.length >= count
  }, `${count} predictions are written down`)
  for (const { id } of rows) known.add(id)
  return rows
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ name, user_id, input_data }) => [name, user_id, input_data])
}

const words = (...texts: string[]) => JSON.stringify({ x: texts })
const balanceOf = async ({ client }: Member) => (await client.credits.get()).balance
const eventsOf = (runId: string) =>
  readRun({ urls: () => [server.url], token: ann.key, runId, limitMs: 30_000 })
const asking = (content: string) => ({ messages: [{ role: 'user' as const, content }] })

function only<Type extends RunEvent['type']>(events: readonly SeenEvent[], type: Type) {
  return events.flatMap(({ event }) =>
    event.type === type ? [event as Extract<RunEvent, { type: Type }>] : [],
  )
}

async function askHelper(content: string): Promise<{ events: SeenEvent[]; run: Run }> {
  const { id } = await ann.client.runs.start(helper.id, asking(content))
  const events = await eventsOf(id)
  assertWhole(events)
  return { events, run: await ann.client.runs.get(id) }
}

test('a model that does whatever it is told calls the tools of its agent, with what they take, and nothing else', async () => {
  const names = [
    ...['no_such_tool', 'time', 'of-the-author', 'of-bob', 'of-ann', ...Object.values(models)],
    ...[
      'Echo',
      ' echo',
      'echo ',
      'echo_2',
      'functions.echo',
      'echo,of-ann',
      'еcho',
      'e\0cho',
      'echo\ud800',
      '',
    ],
    ...['__proto__', 'constructor', 'toString', '../../models/of-ann/predict', 'x'.repeat(10_000)],
  ]
  const faulty = [
    ...['', 'no JSON', 'null', '"x"', '[]', '{}', '['.repeat(100_000), `${words('a')} ${words('b')}`],
    ...['{"x":"a"}', '{"x":[1]}', '{"x":{"__proto__":[]}}', '{"x":[["a"]]}', '{"__proto__":{"x":["a"]}}'],
    ...['__proto__', 'constructor', 'model', 'user_id', 'X'].map(name => `{"x":["a"],"${name}":{"x":["b"]}}`),
  ]
  const second = [order('echo', words('second')), order('of-bob', words('c')), order('time', '{}')].join()
  const first = [...names.map(name => order(name, words('a'))), ...faulty.map(args => order('echo', args))]
  const balance = await balanceOf(ann)
  const asked = upstream.requests.length

  const { events, run } = await askHelper([...first, order('echo', words(second))].join('\n'))
  assert.deepEqual([run.status, run.stopped, run.output], ['done', 'answered', 'Done.'])
  const results = only(events, 'tool-result')
  assert.equal(results.length, first.length + 1 + 3, 'each is answered')
  assert.deepEqual(
    results.filter(({ is_error }) => !is_error).map(({ step, name }) => [step, name]),
    [1, 2].map(step => [step, 'echo']),
  )
  assert.deepEqual(await predicted(2), [
    ['echo', ann.id, { x: [second] }],
    ['echo', ann.id, { x: ['second'] }],
  ])
  assert.equal(await balanceOf(ann), balance - 2 * price)
  const offered = upstream.requests.slice(asked).map(({ body }) => {
    const { tools } = body as { tools: { function: { name: string } }[] }
    return tools.map(tool => tool.function.name)
  })
  assert.deepEqual(offered, [['echo'], ['echo'], ['echo']])
})

test('a model that never stops is stopped by the limit of its agent, and answers of it call no more than 64 tools', async () => {
  const calls = Array.from({ length: 100 }, (_, index) => ({ name: 'echo', args: words(`${index}`), id: '' }))
  upstream.answer({ chunks: calling(calls) })
  const { id } = await publish('Restless', { tools: [echo], limits: { max_steps: 1 } })
  const run = await ann.client.runs.start(id, asking('Go on for ever.'))
  const events = await eventsOf(run.id)
  upstream.answer(obey)
  assertWhole(events)
  assert.deepEqual(
    only(events, 'run-end').map(({ stopped }) => stopped),
    ['steps'],
  )
  const made = await predicted(64)
  assert.deepEqual(new Set(made.map(call => JSON.stringify(call))).size, 64)
  assert.equal(made.length, 64)
})

test('a yes of a person is for one call: another one under the same id is asked for anew, and others cannot answer', async () => {
  const { id } = await publish('Careful', { tools: [{ ...echo, approval: true }] })
  const harmful = words('everything')
  const harmless = words(order('echo', harmful, 'call_1'))
  const run = await ann.client.runs.start(id, asking(order('echo', harmless, 'call_1')))
  const questions: [string, string][] = []
  for await (const { event } of ann.client.runs.follow(run.id)) {
    if (event.type !== 'approval-request') continue
    questions.push([event.id, event.arguments])
    for (const other of [bob, author])
      await assert.rejects(other.client.runs.answer(run.id, event.approval_id, { approved: true }), {
        code: 'run-not-found',
      })
    await ann.client.runs.answer(run.id, event.approval_id, { approved: event.arguments === harmless })
  }
  assert.deepEqual(questions, [
    ['call_1', harmless],
    ['call_1', harmful],
  ])
  assert.deepEqual(await predicted(1), [['echo', ann.id, JSON.parse(harmless)]])
  const events = await eventsOf(run.id)
  assertWhole(events)
  assert.deepEqual(
    only(events, 'tool-result').map(({ is_error }) => is_error),
    [false, true],
  )
  assert.equal((await ann.client.runs.get(run.id)).output, 'Done.')
})

test('no agent lends its caller what they may not call themselves, at any door', async () => {
  const secretive = await publish('Secretive', { tools: [{ type: 'model', model: 'of-the-author' }] })
  const made = await ann.fetch('/api/v1/keys', json('POST', { name: 'agents', scopes: ['agents', 'read'] }))
  const narrow = credentialed(server, ((await made.json()) as { key: string }).key)
  const asked = upstream.requests.length
  const runs = (await ann.client.runs.list({ limit: 100 })).data.length
  const { messages } = asking(order('echo', words('a')) + order('of-the-author', words('a')))
  for (const [caller, agent, ...statuses] of [
    // Older clients take 404 for an agent that is not there.
    [ann, secretive, 404, 500, 404],
    [narrow, helper, 403, 403, 403],
  ] as const) {
    const doors = [
      [`/api/v1/agents/${agent.id}/runs`, { messages }],
      ['/api/agent/execute', { agentId: agent.id, messages }],
      ['/v1/chat/completions', { model: `agent:${agent.slug}`, messages }],
    ] as const
    for (const [index, [door, body]] of doors.entries())
      assert.equal((await caller.fetch(door, json('POST', body))).status, statuses[index], door)
  }
  assert.equal(upstream.requests.length, asked)
  assert.equal((await ann.client.runs.list({ limit: 100 })).data.length, runs)
  // Behind this nothing else is to come.
  await askHelper(order('echo', words('last')))
  assert.deepEqual(await predicted(1), [['echo', ann.id, { x: ['last'] }]])
})
