import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect, llmContract, textOf } from '../../../ports/llm.contract.ts'
import type { PassedMessage } from '../../../ports/llm.ts'
import { createDemo } from './demo.ts'

const { signal } = new AbortController()
const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }]
const said = (content: string): PassedMessage => ({ role: 'user', content })

const words = {
  text: 'Hello there, how are you?',
  call: 'Please call look_up {"city":"Oslo"} and tell me.',
  slow: 'word '.repeat(60),
  vectors: '',
}

llmContract('demo', async (_t, scenario) => ({
  llm: createDemo({ paceMs: scenario === 'slow' ? 5 : 0 }),
  model: 'demo',
  ask: { messages: [said(words[scenario])], tools },
}))

async function answer(messages: readonly PassedMessage[], options: object = {}): Promise<string> {
  const llm = createDemo({ paceMs: 0 })
  return textOf(await collect(llm.stream({ model: 'demo', messages, tools, ...options }, signal)))
}

test('says plainly that it is a demo, and says back what it was told', async () => {
  const text = await answer([said('What is the weather?')])
  assert.match(text, /demo.*no language model/)
  assert.match(text, /What is the weather\?$/)
  assert.match(await answer([]), /You said nothing/)
  assert.match(
    await answer([{ role: 'user', content: [{ type: 'text', text: 'In parts.' }] }]),
    /In parts\.$/,
  )
})

test('tells what the tools answered, by their names', async () => {
  const call = (id: string, name: string) => ({ id, type: 'function', function: { name, arguments: '{}' } })
  const text = await answer([
    said('call look_up'),
    { role: 'assistant', content: null, tool_calls: [call('c1', 'look_up'), call('c2', 'clock')] },
    { role: 'tool', tool_call_id: 'c1', content: '21 degrees' },
    { role: 'tool', tool_call_id: 'c2', content: 'noon' },
  ])
  assert.match(text, /look_up answered: "21 degrees".*clock answered: "noon"/)
})

test('calls no tool that it does not have, or is not to call', async () => {
  assert.match(await answer([said('call rm {"path":"/"}')]), /no such tool/)
  assert.match(await answer([said('call look_up')], { tool_choice: 'none' }), /no such tool/)
})

test('writes the arguments as they were told: nested, with braces in texts, or cut off', async () => {
  const written = async (told: string) => {
    const answer = await createDemo({ paceMs: 0 }).complete(
      { model: 'demo', messages: [said(`call look_up ${told}`)], tools },
      signal,
    )
    return answer.choices[0]?.message.tool_calls?.[0]?.function.arguments
  }
  assert.equal(await written(''), '{}')
  assert.equal(await written('now'), '{}')
  assert.equal(await written('{"a":{"b":"} \\" {"}} please'), '{"a":{"b":"} \\" {"}}')
  assert.equal(await written('{"a": 1'), '{"a": 1')
})

test('keeps to the JSON schema that it is given, and calls its tool before it answers', async () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 6 },
      age: { type: 'integer', minimum: 18 },
      mood: { enum: ['calm', 'wild'] },
      tags: { type: 'array', minItems: 2, items: { type: 'boolean' } },
      home: { anyOf: [{ type: 'object', required: ['city'], properties: { city: { type: 'string' } } }] },
      note: { type: ['string', 'null'] },
    },
    required: ['name', 'age', 'mood', 'tags', 'home'],
  }
  const response_format = { type: 'json_schema', json_schema: { name: 'person', schema } }
  assert.deepEqual(JSON.parse(await answer([said('Who?')], { response_format })), {
    name: 'demo..',
    age: 18,
    mood: 'calm',
    tags: [false, false],
    home: { city: 'demo' },
  })
  assert.equal(await answer([said('Who?')], { response_format: { type: 'json_object' } }), '{}')
  assert.equal(await answer([said('call look_up')], { response_format }), '')
})

test('the same request has the same answer, and another conversation another id for the same call', async () => {
  const chunks = (text: string) =>
    collect(createDemo({ paceMs: 0 }).stream({ model: 'demo', messages: [said(text)], tools }, signal))
  assert.deepEqual(await chunks('call look_up'), await chunks('call look_up'))
  const id = async (text: string) => (await chunks(text))[1]?.choices[0]?.delta.tool_calls?.[0]?.id
  assert.notEqual(await id('call look_up'), await id('again: call look_up'))
})

test('ends where the request says that it is long enough', async () => {
  const chunks = await collect(
    createDemo({ paceMs: 0 }).stream(
      { model: 'demo', messages: [said('one two three')], max_tokens: 2 },
      signal,
    ),
  )
  assert.equal(textOf(chunks), 'This is ')
  assert.ok(chunks.some(({ choices }) => choices[0]?.finish_reason === 'length'))
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 2)
})

test('a schema that asks for more than there is memory gets an example of some thousand values', async () => {
  const list = (minItems: number, items: object) => ({ type: 'array', minItems, items })
  const long = 'x'.repeat(5000)
  for (const schema of [
    list(200_000_000, { type: 'boolean' }),
    list(1000, list(1000, list(1000, {}))),
    list(1e9, { const: long }),
    list(1e9, { type: 'object', required: [long] }),
    list(1e9, { type: 'string', minLength: 1e9 }),
    { type: 'string', minLength: 500_000_000 },
  ]) {
    const response_format = { type: 'json_schema', json_schema: { name: 'large', schema } }
    const { length } = await answer([said('How many?')], { response_format })
    assert.ok(length > 0 && length < 100_000, `${JSON.stringify(schema).slice(0, 100)}: ${length}`)
  }
})

test('no message holds the process or fills it: the answer to a long one is cut', async () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: 'look_up', arguments: '{}' } })
  const ids = Array.from({ length: 20_000 }, (_, n) => `c${n}`)
  const schema = { const: 'a '.repeat(1e6) }
  const response_format = { type: 'json_schema', json_schema: { name: 'large', schema } }
  const conversations: readonly (readonly [string, readonly PassedMessage[], object?])[] = [
    ['a text that is never closed', [said(`call look_up {"${'\\"'.repeat(200_000)}`)]],
    ['braces that are never closed', [said(`call look_up ${'{'.repeat(1e6)}`)]],
    ['a long argument', [said(`call look_up {"a":"${'x'.repeat(1e6)}"}`)]],
    ['a long name', [said(`call ${'look_up'.repeat(1e6)}`)]],
    ['a call that is only begun', [said(`call${' '.repeat(5e6)}!`)]],
    [
      'many results of many calls',
      [
        { role: 'assistant', content: null, tool_calls: ids.map(call) },
        ...ids.map(id => ({ role: 'tool', tool_call_id: id, content: 'word '.repeat(100) })),
      ],
    ],
    ['a long example', [said('Who?')], { response_format }],
  ]
  for (const [what, messages, options] of conversations) {
    const llm = createDemo({ paceMs: 0 })
    const chunks = await collect(llm.stream({ model: 'demo', messages, tools, ...options }, signal))
    assert.ok(chunks.length < 10_000, `${what}: ${chunks.length} chunks`)
    assert.ok(JSON.stringify(chunks).length < 5_000_000, what)
  }
})

test('quotes the last of many results, each by the name of its call', async () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: `tool_${id}`, arguments: '{}' } })
  const ids = Array.from({ length: 100 }, (_, n) => `c${n}`)
  const text = await answer([
    { role: 'assistant', content: null, tool_calls: ids.map(call) },
    ...ids.map(id => ({ role: 'tool', tool_call_id: id, content: `of ${id}` })),
  ])
  assert.match(text, /The tool tool_c98 answered: "of c98" The tool tool_c99 answered: "of c99"$/)
  assert.doesNotMatch(text, /"of c1"/)
})

test('a long conversation is looked at as often for a long answer as for a short one', async () => {
  const looksFor = async (words: number) => {
    let looks = 0
    const toJSON = () => {
      looks += 1
      return said('a')
    }
    const text = await answer([{ ...said('word '.repeat(words)), toJSON }])
    assert.ok(text.split(' ').length > words)
    return looks
  }
  assert.equal(await looksFor(60), await looksFor(1))
})
