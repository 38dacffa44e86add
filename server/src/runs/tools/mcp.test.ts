import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { silentLog } from '../../kit/log.ts'
import type { McpAnswer, McpServer } from '../../ports/mcp-client.ts'
import { anonymousCaller } from '../../testing/callers.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import type { ToolContext } from '../tool.ts'
import { mcpTools } from './mcp.ts'
import { createMcpLists } from './mcp-lists.ts'

const key = 'Bearer hush-hush-1'
const inputSchema = { type: 'object', properties: {} }
const context: ToolContext = {
  caller: anonymousCaller,
  signal: new AbortController().signal,
  timeoutMs: 1000,
  idempotencyKey: 'key',
  run: { id: 'run', agentId: 'agent', depth: 0 },
}

/** Tools of a server that is asked with a key, and answers so. */
async function toolsOf(answer: (server: McpServer) => McpAnswer, name?: string) {
  const asked: McpServer[] = []
  let isKept = true
  const client = {
    async listTools(server: McpServer) {
      asked.push(server)
      const common = { description: `Knows ${server.headers.authorization}.`, inputSchema }
      return [
        { ...common, name: 'find', isRepeatable: true },
        { ...common, name: 'pay', isRepeatable: false },
      ]
    },
    async callTool(server: McpServer) {
      asked.push(server)
      return answer(server)
    },
  }
  const secrets = {
    async revealFor() {
      if (isKept) return key
      throw new Problem('forbidden', 'The secret KEY is not for example.com.')
    },
  }
  const lists = createMcpLists({ client, clock: turnedClock(), log: silentLog })
  const tools = await mcpTools(
    { client, lists, secrets },
    {
      type: 'mcp',
      url: 'https://example.com/mcp',
      headers: { authorization: { secret: 'KEY' } },
      ...(name === undefined ? {} : { name }),
    },
  )
  const [find, pay] = tools
  assert.ok(find && pay)
  return {
    find,
    pay,
    asked,
    withdraw(): void {
      isKept = false
    },
  }
}

test('tools are named after the server, and only those that say so are called twice', async () => {
  const answer = () => ({ text: 'found', isError: false })
  const plain = await toolsOf(answer)
  assert.deepEqual([plain.find.name, plain.pay.name], ['find', 'pay'])
  const named = await toolsOf(answer, 'crm')
  assert.deepEqual([named.find.name, named.pay.name], ['crm_find', 'crm_pay'])
  assert.deepEqual([named.find.isRepeatable, named.pay.isRepeatable], [true, false])
  assert.equal(await named.find.call({}, context), 'found')
})

test('a secret goes to the server and comes back in nothing that it says', async () => {
  const repeated = ({ headers }: McpServer) => ({ text: `${headers.authorization}!`, isError: false })
  const { find, asked } = await toolsOf(repeated)
  assert.equal(await find.call({}, context), '***!')
  assert.equal(find.description, 'Knows ***.')
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    [key, key],
  )
  const refusing = await toolsOf(({ headers }) => ({ text: `not ${headers.authorization}`, isError: true }))
  await assert.rejects(refusing.find.call({}, context), { name: 'Problem', message: 'not ***' })
})

test('a secret that was taken away is not sent any more, at the next call', async () => {
  const { find, asked, withdraw } = await toolsOf(() => ({ text: 'found', isError: false }))
  withdraw()
  await assert.rejects(find.call({}, context), { code: 'forbidden' })
  assert.equal(asked.length, 1)
})
