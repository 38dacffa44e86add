import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { Run } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { llmUpstream, type Script, type UpstreamRequest } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { until } from '../src/testing/until.ts'

const upstream = await llmUpstream({ after }, answer)
const house = await testHouse({ after }, { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'test' })
const [ann, bob] = [await house.user({ plan: 'free' }), await house.user()]
const client = createClient({ baseUrl: house.url, token: ann.key })

const inner = await published('Inner')
const outer = await published('Outer', [{ type: 'agent', agent: inner.slug, name: 'ask', price: 3 }])

/** Does what it is told; who is told to wait says nothing any more. */
function answer(request: UpstreamRequest): Script {
  const { messages } = request.body as { messages: { content: string | null }[] }
  return messages.at(-1)?.content === 'Wait.' ? { hang: 'before-chunks' } : obey(request)
}

async function published(name: string, tools: Parameters<typeof client.agents.create>[0]['tools'] = []) {
  const agent = await client.agents.create({ name, model: 'default/model', tools })
  await client.agents.publish(agent.id)
  return agent
}

function asked(message: string) {
  return [{ role: 'user' as const, content: order('ask', JSON.stringify({ message })) }]
}

async function ended(id: string): Promise<Run> {
  await until(async () => (await client.runs.get(id)).finished_at !== null, 'the run ends')
  return await client.runs.get(id)
}

async function childrenOf(id: string): Promise<Run[]> {
  const { data } = await client.runs.list({ limit: 100 })
  return data.filter(run => run.parent_run_id === id)
}

async function toldBy(id: string): Promise<string[]> {
  const told: string[] = []
  for await (const { event } of client.runs.follow(id))
    if (event.type === 'tool-result') told.push(event.content)
  return told
}

test('an agent asks another, which answers in a run of its own, paid by the same caller, under one request id', async () => {
  const reply = await ann.fetch(`/api/v1/agents/${outer.id}/runs`, {
    ...json('POST', { messages: asked('Hello') }),
    headers: { 'content-type': 'application/json', 'x-request-id': 'one-story' },
  })
  const { id } = (await reply.json()) as Run
  const run = await ended(id)
  assert.deepEqual([run.status, run.output, run.credits], ['done', 'Done.', 3])
  assert.deepEqual(await toldBy(id), ['Done.'])
  const [child, ...others] = await childrenOf(id)
  assert.deepEqual(others, [])
  assert.deepEqual([child?.agent_id, child?.status, child?.request_id], [inner.id, 'done', 'one-story'])
})

test('agents that call each other in a circle come to an end', async () => {
  const circle = await published('Circle', [{ type: 'agent', agent: 'circle', name: 'ask' }])
  let message = 'Hello'
  for (let level = 0; level < 8; level += 1) message = order('ask', JSON.stringify({ message }))
  const { id } = await client.runs.start(circle.id, { messages: [{ role: 'user', content: message }] })
  assert.equal((await ended(id)).status, 'done')
  let depth = 0
  for (let [child] = await childrenOf(id); child; [child] = await childrenOf(child.id)) {
    depth += 1
    if ((await childrenOf(child.id)).length === 0)
      assert.deepEqual(await toldBy(child.id), ['Agents call each other 4 deep at most.'])
  }
  assert.equal(depth, 4)
})

test('what a cancelled run has asked of another agent is cancelled too', async () => {
  const { id } = await client.runs.start(outer.id, { messages: asked('Wait.') })
  await until(async () => (await childrenOf(id)).length === 1, 'the other agent is asked')
  await client.runs.cancel(id)
  assert.equal((await ended(id)).status, 'cancelled')
  const [child] = await childrenOf(id)
  assert.equal(child && (await ended(child.id)).status, 'cancelled')
})

test('what a run asks of other agents at a time counts among the runs that its caller may have', async () => {
  const content = Array.from({ length: 6 }, (_, n) => order('ask', '{"message":"Wait."}', `call_${n}`)).join(
    ' ',
  )
  const { id } = await client.runs.start(outer.id, { messages: [{ role: 'user', content }] })
  const refused = async () => {
    const told: string[] = []
    for await (const { event } of client.runs.follow(id)) {
      if (event.type === 'tool-result') told.push(event.content)
      if (told.length === 2) break
    }
    return told
  }
  // Four by the plan; the first of them has the place of the run that waits for it.
  const why = 'The plan free allows 4 runs at a time. Wait until one of yours has ended.'
  assert.deepEqual(await refused(), [why, why])
  assert.equal((await childrenOf(id)).length, 4)
  await client.runs.cancel(id)
  await ended(id)
  for (const child of await childrenOf(id)) await ended(child.id)
})

test('an agent reaches no agent that its caller may not reach', async () => {
  const caller = createClient({ baseUrl: house.url, token: bob.key })
  const greedy = await caller.agents.create({
    name: 'Greedy',
    model: 'default/model',
    tools: [{ type: 'agent', agent: inner.slug }],
  })
  await assert.rejects(caller.runs.start(greedy.id, { messages: asked('Hello'), version: 'draft' }), {
    code: 'agent-not-found',
  })
})
