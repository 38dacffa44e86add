import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import type { McpTool } from '../../ports/mcp-client.ts'
import { keptLog } from '../../testing/kept-log.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { createMcpLists } from './mcp-lists.ts'

type Answer = readonly Partial<McpTool>[] | Error | 'hangs'

/** Lists of a server that answers by script, the last answer again and again. */
function listsOf(...answers: readonly [Answer, ...Answer[]]) {
  const clock = turnedClock(1)
  const { log, lines } = keptLog()
  let asked = 0
  const lists = createMcpLists({
    clock,
    log,
    client: {
      async listTools(_server, signal) {
        const answer = answers[Math.min(asked, answers.length - 1)] ?? []
        asked += 1
        if (answer instanceof Error) throw answer
        if (answer === 'hangs') return new Promise((_, reject) => signal.addEventListener('abort', reject))
        return answer.map(tool => ({
          name: 'tool',
          description: '',
          inputSchema: { type: 'object' },
          isRepeatable: false,
          ...tool,
        }))
      },
    },
  })
  const spec = { url: 'https://example.com/mcp', headers: undefined, wanted: undefined }
  const open = async () => ({ server: { url: spec.url, headers: {} }, redact: (text: string) => text })
  return {
    clock,
    lines,
    asked: () => asked,
    list: (change: { wanted?: string[]; url?: string; redact?: (text: string) => string } = {}) =>
      lists.of({ ...spec, ...change }, async () => ({ ...(await open()), ...change })),
  }
}

const names = (tools: readonly { name: string }[]) => tools.map(({ name }) => name)
const nested = (levels: number): Record<string, unknown> =>
  levels === 0 ? {} : { properties: { a: nested(levels - 1) } }

test('a server is asked once a minute, however many runs begin', async () => {
  const server = listsOf([{ name: 'a' }], [{ name: 'b' }])
  const lists = await Promise.all([server.list(), server.list(), server.list()])
  assert.deepEqual(lists.map(names), [['a'], ['a'], ['a']])
  server.clock.turn(59_000)
  assert.deepEqual(names(await server.list()), ['a'])
  assert.equal(server.asked(), 1)
  server.clock.turn(2000)
  assert.deepEqual(names(await server.list()), ['b'])
  assert.deepEqual(server.lines, [{ event: 'mcp-tools-change', host: 'example.com' }])
})

test('a server that fails, or says nothing within 3 s, has no tools, and is left alone for a while', async () => {
  const failing = listsOf(new Problem('address-failed', 'There is no host example.com.'), [{ name: 'a' }])
  assert.deepEqual(await failing.list(), [])
  assert.deepEqual(await failing.list(), [])
  assert.equal(failing.asked(), 1)
  failing.clock.turn(11_000)
  assert.deepEqual(names(await failing.list()), ['a'])

  const silent = listsOf('hangs')
  const listing = silent.list()
  while (silent.asked() === 0) await new Promise(setImmediate)
  silent.clock.turn(3000)
  assert.deepEqual(await listing, [])
  assert.deepEqual(silent.lines, [
    { event: 'mcp-server-fail', host: 'example.com', reason: 'It did not say within 3 s what it has.' },
  ])
})

test('of what is listed an agent has what it names, each name once', async () => {
  const server = listsOf([
    { name: 'a', description: 'first' },
    { name: 'a', description: 'second' },
    { name: 'b' },
  ])
  const [only, ...others] = await server.list({ wanted: ['a', 'c'] })
  assert.deepEqual([only?.name, only?.description, others], ['a', 'first', []])
  assert.deepEqual(names(await server.list()), ['a', 'b'])
})

test('tools whose schema is none, too large or too deep are left out, the others are not', async () => {
  const schemas = {
    good: { type: 'object', properties: { a: { $ref: '#/$defs/b' } }, $defs: { b: { type: 'string' } } },
    bare: {},
    no_object: { type: 'string' },
    wrong_type: { type: 'object', properties: { a: { type: 'strng' } } },
    wrong_place: { type: 'object', properties: 'all' },
    elsewhere: { type: 'object', properties: { a: { $ref: 'https://example.com/schema' } } },
    no_pattern: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
    large: { type: 'object', description: 'x'.repeat(20_000) },
    deep: { type: 'object', ...nested(40) },
    endless: {
      type: 'object',
      $defs: { a: { $ref: '#/$defs/a' } },
      properties: { a: { $ref: '#/$defs/a' } },
    },
    torn: { type: 'object', properties: { a: { enum: ['\ud800'] } } },
  }
  const server = listsOf(Object.entries(schemas).map(([name, inputSchema]) => ({ name, inputSchema })))
  const tools = await server.list()
  assert.deepEqual(names(tools), ['good', 'bare'])
  assert.deepEqual(tools[1]?.parameters, { type: 'object', properties: {} })
  assert.deepEqual(server.lines, [
    { event: 'mcp-tools-skip', host: 'example.com', tools: Object.keys(schemas).slice(2), count: 9 },
  ])
})

test('no server fills the call of a model: 10,000 tools are 100, and descriptions are cut and cleaned', async () => {
  const many = listsOf(Array.from({ length: 10_000 }, (_, n) => ({ name: `tool_${n}` })))
  assert.equal((await many.list()).length, 100)
  assert.equal((await many.list({ wanted: ['tool_9999'] })).length, 1)
  const wordy = listsOf([{ description: `a\u202eb\u{e0041}c\0d\n${'x'.repeat(5000)}` }])
  const [tool] = await wordy.list()
  assert.equal(tool?.description.slice(0, 5), 'abcd\n')
  assert.ok((tool?.description.length ?? 0) <= 1000)
  const large = { type: 'object', description: 'x'.repeat(15_000) }
  const heavy = listsOf(Array.from({ length: 50 }, (_, n) => ({ name: `tool_${n}`, inputSchema: large })))
  assert.equal((await heavy.list()).length, 17)
})

test('a secret that a server repeats in what it says of its tools is taken out', async () => {
  const server = listsOf([{ description: 'key hush', inputSchema: { type: 'object', title: 'hush' } }])
  const [tool] = await server.list({ redact: text => text.replaceAll('hush', '***') })
  assert.equal(tool?.description, 'key ***')
  assert.equal(tool?.parameters.title, '***')
})
