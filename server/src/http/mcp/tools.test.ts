import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../accounts/caller.ts'
import { serviceCaller } from '../../accounts/caller.ts'
import type { AgentLookup, AgentSummary } from '../../agents/agent.ts'
import { createMcpTools } from './tools.ts'

const caller = serviceCaller('test')

function agent(slug: string): AgentSummary {
  return {
    id: slug,
    owner_id: null,
    slug,
    name: slug,
    description: null,
    visibility: 'users',
    is_published: true,
    published_version: 1,
    published_price: 3,
    created_at: new Date(0),
    updated_at: new Date(0),
  }
}

function toolsOf(slugs: readonly string[]) {
  const agents: AgentLookup = {
    published: async () => slugs.map(agent),
    runnable: () => Promise.reject(new Error('not asked here')),
  }
  const serving = { named: () => [], row: () => Promise.reject(new Error('not asked here')) }
  return createMcpTools({ agents, serving })
}

async function pagesOf(tools: ReturnType<typeof toolsOf>, who: Caller): Promise<string[][]> {
  const pages: string[][] = []
  for (let after = '', isLast = false; !isLast; ) {
    const page = await tools.list(who, after)
    pages.push(page.tools.map(({ name }) => name))
    after = page.tools.at(-1)?.name ?? ''
    isLast = page.isLast
  }
  return pages
}

test('a long list comes in pages by name, whole and each tool once', async () => {
  const slugs = Array.from({ length: 250 }, (_, index) => `a-${(index * 37) % 250}`)
  const pages = await pagesOf(toolsOf(slugs), caller)
  assert.deepEqual(
    pages.map(({ length }) => length),
    [100, 100, 50],
  )
  assert.deepEqual(pages.flat(), slugs.map(slug => `agent_${slug}`).sort())
})

test('a list that just fills its pages has no empty one behind them, and an empty list is one page', async () => {
  const slugs = Array.from({ length: 100 }, (_, index) => `a-${index}`)
  assert.equal((await pagesOf(toolsOf(slugs), caller)).length, 1)
  assert.deepEqual(await pagesOf(toolsOf([]), caller), [[]])
})

test('a credential without the scope of agents has none of them as tools', async () => {
  const scoped: Caller = { ...caller, scopes: new Set(['predict']) }
  assert.deepEqual(await pagesOf(toolsOf(['helper']), scoped), [[]])
})

test('a tool says what a call of it costs', async () => {
  const [tool] = (await toolsOf(['helper']).list(caller, '')).tools
  assert.match(tool?.description ?? '', /3 credits/)
})
