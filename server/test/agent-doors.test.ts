import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { HttpAgent } from '@ag-ui/client'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { collectRun, createClient } from '@roundhouse/sdk'
import OpenAI from 'openai'
import WebSocket from 'ws'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'

const house = await testHouse({ after })
const user = await house.user()
const client = createClient({ baseUrl: house.url, token: user.key })
const openai = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: user.key })
const agent = await client.agents.create({
  name: 'Doorkeeper',
  model: 'demo/demo',
  system_prompt: 'You are asked at every door.',
})
await client.agents.publish(agent.id)
const model = `agent:${agent.slug}`
const content = 'Which door is this, and is the answer the same?'
const messages = [{ role: 'user' as const, content }]

/** Each gives the whole text of one answer. */
const doors = {
  async 'the run, when it has ended'() {
    const { id } = await client.runs.start(agent.id, { messages })
    await collectRun(client.runs.follow(id))
    return (await client.runs.get(id)).output
  },

  async 'the events of the run'() {
    const { id } = await client.runs.start(agent.id, { messages })
    return (await collectRun(client.runs.follow(id))).text
  },

  async 'the events as the answer of the question'() {
    const path = `/api/v1/agents/${agent.id}/runs`
    const reply = await user.fetch(path, json('POST', { messages, stream: true }))
    const events = dataOf(await reply.text())
    return joined(
      events.filter(({ type }) => type === 'text-delta'),
      'text',
    )
  },

  async 'execute, whole'() {
    const reply = await user.fetch('/api/agent/execute', json('POST', { agentId: agent.id, messages }))
    return ((await reply.json()) as { response: string }).response
  },

  async 'execute, in chunks'() {
    const body = { agentId: agent.id, messages, stream: true }
    const events = dataOf(await (await user.fetch('/api/agent/execute', json('POST', body))).text())
    return saidTwice(events, 'chunk')
  },

  async 'the WebSocket'() {
    const events = await overWebSocket()
    return saidTwice(events, 'agent_chunk')
  },

  async "OpenAI's client, whole"() {
    const { choices } = await openai.chat.completions.create({ model, messages })
    return choices[0]?.message.content
  },

  async "OpenAI's client, in chunks"() {
    let text = ''
    for await (const { choices } of await openai.chat.completions.create({ model, messages, stream: true }))
      text += choices[0]?.delta.content ?? ''
    return text
  },

  async 'a client of AG-UI'() {
    const asking = new HttpAgent({
      url: `${house.url}/api/v1/agents/${agent.id}/ag-ui`,
      headers: { authorization: `Bearer ${user.key}` },
      initialMessages: [{ id: 'question', role: 'user', content }],
    })
    const { newMessages } = await asking.runAgent()
    return newMessages.map(message => message.content).join()
  },

  async 'a client of MCP'() {
    return saidByTool('legacy')
  },

  async 'a client of MCP, of its newer era'() {
    return saidByTool({ pin: '2026-07-28' })
  },
}

type Fields = Record<string, unknown>

function dataOf(stream: string): Fields[] {
  return stream
    .split('\n')
    .filter(line => line.startsWith('data: '))
    .map(line => JSON.parse(line.slice('data: '.length)))
}

function joined(events: readonly Fields[], field: string): string {
  return events.map(event => event[field]).join('')
}

/** What the last event says, which is what those of the type say together. */
function saidTwice(events: readonly Fields[], chunk: string): unknown {
  const response = events.at(-1)?.response
  assert.equal(
    joined(
      events.filter(({ type }) => type === chunk),
      'content',
    ),
    response,
  )
  return response
}

async function saidByTool(mode: 'legacy' | { pin: string }): Promise<string> {
  const asking = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  const requestInit = { headers: { authorization: `Bearer ${user.key}` } }
  await asking.connect(new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), { requestInit }))
  const call = { name: `agent_${agent.slug}`, arguments: { message: content } }
  const answer = await asking.callTool(call)
  await asking.close()
  return answer.content.map(part => (part.type === 'text' ? part.text : '')).join()
}

function overWebSocket(): Promise<Fields[]> {
  const socket = new WebSocket(`${house.url.replace('http', 'ws')}/ws?token=${user.key}`)
  after(() => socket.terminate())
  const received: Fields[] = []
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`It was closed behind ${JSON.stringify(received)}.`)))
    socket.on('message', data => {
      const message = JSON.parse(String(data)) as Fields
      received.push(message)
      if (message.type === 'connected')
        socket.send(JSON.stringify({ type: 'agent_execute', agentId: agent.id, messages }))
      if (/complete|error/.test(String(message.type))) resolve(received)
    })
  })
}

test('a published agent answers the same question the same at every door', async () => {
  const answers: Fields = {}
  for (const [door, ask] of Object.entries(doors)) answers[door] = await ask()
  const first = answers['the run, when it has ended']
  assert.ok(String(first).includes(content), String(first))
  assert.deepEqual(answers, Object.fromEntries(Object.keys(doors).map(door => [door, first])))
})

test('each answer is a run of its own, done and under the same version', async () => {
  const before = await idsOf()
  for (const ask of Object.values(doors)) await ask()
  const { data } = await client.runs.list({ limit: 100 })
  const made = data.filter(({ id }) => !before.has(id))
  assert.deepEqual(
    made.map(({ status, agent_id, agent_version }) => [status, agent_id, agent_version]),
    Object.keys(doors).map(() => ['done', agent.id, 1]),
  )
})

async function idsOf(): Promise<Set<string>> {
  const { data } = await client.runs.list({ limit: 100 })
  return new Set(data.map(({ id }) => id))
}
