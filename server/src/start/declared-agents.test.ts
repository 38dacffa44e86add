import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineAgent } from '@roundhouse/sdk/config'
import type { Agent, AgentCard, AgentList } from '@roundhouse/sdk/contract'
import { draftOf, openAgentsRoom } from '../testing/agents-room.ts'
import { newCaller } from '../testing/callers.ts'
import { testHouse } from '../testing/house.ts'
import { ensureAgents } from './declared-agents.ts'
import { conflictsOf } from './declared-conflicts.ts'
import { outlineOf } from './declared-outline.ts'

const support = defineAgent({ name: 'Support', model: 'demo/demo', system_prompt: 'Help.', price: 2 })

test('declared agents are there from the start, published and of the house, for everyone who is signed in', async t => {
  const house = await testHouse(t, {}, { declared: { agents: [support] } })
  const user = await house.user()
  const listed = (await (await user.fetch('/api/v1/agents')).json()) as AgentList
  const [card] = listed.data as AgentCard[]
  assert.ok(card)
  assert.deepEqual(
    [listed.data.length, card.slug, card.visibility, card.published_version, card.price],
    [1, 'support', 'users', 1, 2],
  )
  const agent = (await (await house.fetch(`/api/v1/agents/${card.id}`)).json()) as Agent
  assert.deepEqual([agent.owner_id, agent.system_prompt], [null, 'Help.'])
  assert.equal((await house.anonymous(`/api/v1/agents/${card.id}`)).status, 401)
})

test('a declared agent whose slug a user has taken is refused with the place and the reason', async t => {
  const { agents, database } = await openAgentsRoom(t)
  await agents.create(await newCaller(database.system), draftOf('Support'))
  const first = defineAgent({ name: 'First', model: 'demo/demo' })
  await assert.rejects(ensureAgents(agents, [first, support]), {
    message: 'agents[1].slug: support belongs to an agent of a user. Choose another one.',
  })
})

test('two declared agents of one slug are told, also when it is made from their names', () => {
  const environment = { settings: {}, refused: new Set<string>(), problems: [] }
  const told = (agents: readonly object[]) => conflictsOf(outlineOf({ agents }), environment, '/')
  const twin = 'agents[1].slug: sales-bot is declared twice; the first is agents[0].'
  assert.deepEqual(told([{ name: 'Sales Bot' }, { name: 'sales  bot' }]), [twin])
  assert.deepEqual(told([{ name: 'Any', slug: 'sales-bot' }, { name: 'Sales Bot' }]), [twin])
  assert.deepEqual(told([{ name: 'Sales Bot' }, { name: 'Sales Bot', slug: 'other' }, { name: 5 }]), [])
})
