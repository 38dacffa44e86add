import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Agent, AgentCard, AgentTemplate, AgentVersion, AgentView } from '../contract/agent.ts'
import { agentConfig, createAgent } from '../contract/agent.ts'
import { serveReplies } from '../testing/serve.ts'
import { createClient } from './client.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'
const at = '2026-11-21T12:00:00.000Z'
const config = agentConfig.parse({ model: 'demo/demo' })
const card: AgentCard = {
  id,
  slug: 'support',
  name: 'Support',
  description: null,
  visibility: 'users',
  is_published: true,
  published_version: 1,
  price: 2,
  created_at: at,
  updated_at: at,
}
const own: Agent = { ...card, owner_id: id, ...config }

/** A client of a server that gives the replies (status and body) in turn and notes what it was asked. */
async function connect(t: TestContext, ...replies: [number, unknown][]) {
  const { baseUrl, asked } = await serveReplies(t, ...replies)
  return { agents: createClient({ baseUrl }).agents, asked }
}

test('creates, changes, publishes, rolls back and removes an agent', async t => {
  const version: AgentVersion = { version: 1, is_published: true, created_by: null, created_at: at, config }
  const versions = { data: [version], next_cursor: null }
  const { agents, asked } = await connect(
    t,
    [201, own],
    [200, own],
    [200, own],
    [200, versions],
    [200, own],
    [204, undefined],
  )
  assert.deepEqual(await agents.create({ name: 'Support', model: 'demo/demo' }), own)
  assert.deepEqual(await agents.update(id, { is_published: false }), own)
  assert.deepEqual(await agents.publish(id), own)
  assert.deepEqual(await agents.versions(id, { limit: 5 }), versions)
  assert.deepEqual(await agents.rollback(id, 1), own)
  assert.equal(await agents.remove('a/b'), undefined)
  assert.deepEqual(asked, [
    'POST /api/v1/agents {"name":"Support","model":"demo/demo"}',
    `PATCH /api/v1/agents/${id} {"is_published":false}`,
    `POST /api/v1/agents/${id}/publish {}`,
    `GET /api/v1/agents/${id}/versions?limit=5`,
    `POST /api/v1/agents/${id}/rollback {"version":1}`,
    'DELETE /api/v1/agents/a%2Fb',
  ])
})

test('shows one’s own agents whole, and the cards of others', async t => {
  const { agents, asked } = await connect(
    t,
    [200, { data: [own, card], next_cursor: 'more' }],
    [200, { data: [card], next_cursor: null }],
    [200, card],
  )
  const seen: AgentView[] = []
  for await (const one of agents.iterate({ limit: 2 })) seen.push(one)
  assert.deepEqual(seen, [own, card, card])
  assert.deepEqual(await agents.get(id), card)
  assert.deepEqual(asked, [
    'GET /api/v1/agents?limit=2',
    'GET /api/v1/agents?limit=2&cursor=more',
    `GET /api/v1/agents/${id}`,
  ])
})

test('gives templates that can be created', async t => {
  const agent = createAgent.parse({ name: 'Assistant', model: 'demo/demo', tools: [{ type: 'time' }] })
  const template: AgentTemplate = { name: 'assistant', description: 'Answers.', agent }
  const { agents } = await connect(t, [200, { data: [template] }], [201, own])
  const [first] = await agents.templates()
  assert.deepEqual(first, template)
  assert.ok(first)
  assert.deepEqual(await agents.create(first.agent), own)
})
