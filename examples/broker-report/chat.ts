/**
 * The broker's chat in a terminal. What stands behind `node chat.ts` is said, one after the other; without it what is typed.
 *
 * ROUNDHOUSE_URL (http://localhost:3000) and BROKER_TOKEN, the access token of the broker.
 */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createClient } from '@roundhouse/sdk'

const { ROUNDHOUSE_URL: baseUrl = 'http://localhost:3000', BROKER_TOKEN: token } = process.env
if (!token) throw new Error('Set BROKER_TOKEN to what `node token.ts` prints, or what Supabase Auth gave.')
const client = createClient({ baseUrl, token })

const { data: agents } = await client.agents.list()
const desk = agents.find(({ slug }) => slug === 'broker-desk')
if (!desk) throw new Error('There is no agent broker-desk. Is the server started in this folder?')

// One conversation: the server remembers it.
const threadId = randomUUID()
for await (const content of said()) await ask(desk.id, content)

async function ask(agentId: string, content: string): Promise<void> {
  const { id } = await client.runs.start(agentId, {
    messages: [{ role: 'user', content }],
    thread_id: threadId,
  })
  // Comes back by itself when the connection is lost; so does the run when its server is killed.
  for await (const { event } of client.runs.follow(id)) {
    if (event.type === 'text-delta') process.stdout.write(event.text)
    if (event.type === 'tool-call') process.stdout.write(`[${event.name}] `)
    if (event.type === 'run-error') process.stdout.write(event.detail)
  }
  process.stdout.write('\n')
}

async function* said(): AsyncGenerator<string> {
  const messages = process.argv.slice(2)
  if (messages.length > 0) {
    yield* messages
    return
  }
  process.stdout.write('> ')
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') yield line
    process.stdout.write('> ')
  }
}
