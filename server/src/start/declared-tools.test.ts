import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineQuery, defineTool } from '@roundhouse/sdk/config'
import { z } from 'zod'
import { toolProblems } from './declared-tools.ts'

const run = async () => null
const tool = { name: 'convert', description: 'Converts.', run }
const sales = { name: 'sales', description: 'Sales.', sql: 'select :symbol, :caller_id' }

test('queries and tools that can work are not complained about, by zod or by JSON Schema', () => {
  const parameters = { type: 'object', properties: { symbol: { type: 'string' } } }
  const value = {
    queries: [
      defineQuery({ ...sales, parameters: z.object({ symbol: z.string() }) }),
      defineQuery({ ...sales, name: 'more', parameters }),
    ],
    tools: [
      defineTool({
        ...tool,
        parameters: z.object({ amount: z.number() }),
        async run({ amount }) {
          return amount.toFixed(2)
        },
      }),
    ],
    agents: [
      {
        name: 'A',
        model: 'm',
        tools: [
          { type: 'query', query: 'more' },
          { type: 'code', tool: 'convert' },
        ],
      },
    ],
  }
  assert.deepEqual(toolProblems(value), [])
})

test('each fault is told with its place, beside parts that are wrong in form', () => {
  const value = {
    queries: [
      sales,
      { ...sales, sql: 7 },
      { ...sales, sql: 'select 1' },
      { ...sales, name: 'own', parameters: z.object({ caller_id: z.string() }) },
    ],
    tools: [tool, null, tool, { ...tool, name: 'when', parameters: z.object({ at: z.date() }) }],
    agents: [
      null,
      { tools: [{ type: 'time' }, 7, { type: 'query', query: 'sale' }, { type: 'code', tool: 'converts' }] },
    ],
  }
  const problems = toolProblems(value)
  assert.match(problems.splice(4, 1)[0] ?? '', /^tools\[3\]\.parameters: .*[Dd]ate/)
  assert.deepEqual(problems, [
    'queries[2].name: sales is declared twice; the first is queries[0].',
    'tools[2].name: convert is declared twice; the first is tools[0].',
    'queries[0].sql: :symbol is no parameter. There are :caller_id.',
    "queries[3].sql: :caller_id is the caller's id and no parameter of the model.",
    'agents[1].tools[2].query: there is no query sale in roundhouse.config.ts, which has sales, own.',
    'agents[1].tools[3].tool: there is no tool converts in roundhouse.config.ts, which has convert, when.',
  ])
})
