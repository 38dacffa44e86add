import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpAgent, type Message } from '@ag-ui/client'
import { EventSchemas } from '@ag-ui/core/schemas'
import type { RunAgentInput, RunEvent } from '@roundhouse/sdk/contract'
import { agUiFrame } from './events.ts'
import { createStory, type Told } from './story.ts'

const runId = '0193a000-0000-7000-8000-000000000001'
const asked: Message = { id: 'm1', role: 'user', content: 'Hi' }
const usage = { input_tokens: 3, output_tokens: 2, estimated: false }
const begin = (step: number): RunEvent => ({ type: 'step-start', step, provider: 'p', model: 'm' })
const text = (said: string, step = 1): RunEvent => ({ type: 'text-delta', step, text: said })
const thought = (said: string): RunEvent => ({ type: 'reasoning-delta', step: 1, text: said })
const stepEnd = (step = 1): RunEvent => ({
  type: 'step-end',
  step,
  finish_reason: 'stop',
  usage,
  credits: 0,
})
const call: RunEvent = { type: 'tool-call', step: 1, id: 'call_0', name: 'time', arguments: '{}' }
const result: RunEvent = {
  type: 'tool-result',
  step: 1,
  id: 'call_0',
  name: 'time',
  content: 'noon',
  is_error: false,
}
const end = (output: string, stopped: 'answered' | 'steps' = 'answered'): RunEvent => ({
  type: 'run-end',
  output,
  stopped,
  usage,
  credits: 0,
})

/** What a client has in the end that was told these, numbered from behind `after`; each event is one of the protocol's. */
async function heard(events: readonly RunEvent[], told: Partial<Told> = {}, messages = [asked]) {
  const input = { threadId: 't', runId: 'r', messages } as RunAgentInput
  const after = told.after ?? 0
  const story = createStory(input, { id: runId, hasSchema: false, ...told, after })
  const sent = [...story.begin(), ...events.flatMap((event, index) => story.add(after + index + 1, event))]
  for (const event of sent) EventSchemas.parse(event)
  const headers = { 'content-type': 'text/event-stream' }
  const reply = new Response(sent.map(agUiFrame).join(''), { headers })
  const agent = new HttpAgent({
    url: 'http://localhost',
    initialMessages: messages,
    fetch: () => Promise.resolve(reply),
  })
  await agent.runAgent()
  return { sent, messages: agent.messages }
}

const contents = (messages: readonly Message[]) =>
  messages.map(({ role, content }) => `${role}: ${content ?? ''}`)

test('text of an answer that broke off, or of a process that died, is gone when it is said again', async () => {
  const restart: RunEvent = { type: 'step-restart', step: 1, after: 1, provider: 'q', model: 'n' }
  const attempt: RunEvent = { type: 'run-attempt', attempt: 2, after: 0 }
  const broken = [begin(1), thought('Hm.'), text('Hel'), text('lo'), restart]
  const { sent, messages } = await heard([...broken, text('Good day'), stepEnd(), end('Good day')])
  assert.deepEqual(contents(messages), ['user: Hi', 'reasoning: ', 'assistant: Good day'])
  const total = { provider: 'q', model: 'n', inputTokens: 3, outputTokens: 2, totalTokens: 5 }
  assert.deepEqual((sent.at(-1) as { usage: unknown }).usage, [total])

  const died = await heard([
    begin(1),
    text('Hel'),
    call,
    attempt,
    begin(1),
    text('Good'),
    stepEnd(),
    end('Good'),
  ])
  assert.deepEqual(contents(died.messages), ['user: Hi', 'assistant: Good'])
  assert.ok(!JSON.stringify(died.messages).includes('call_0'))
})

test('what was done before a process died stays as it was told', async () => {
  const done = [begin(1), text('I look.'), call, stepEnd(), result]
  const attempt: RunEvent = { type: 'run-attempt', attempt: 2, after: done.length }
  const again = [
    begin(2),
    text('It', 2),
    attempt,
    begin(2),
    text('It is noon.', 2),
    stepEnd(2),
    end('It is noon.'),
  ]
  const { messages } = await heard([...done, ...again])
  assert.deepEqual(contents(messages), [
    'user: Hi',
    'assistant: I look.',
    'tool: noon',
    'assistant: It is noon.',
  ])
  assert.equal(
    (messages[1] as { toolCalls?: unknown[] }).toolCalls?.length,
    1,
    'the call belongs to the text',
  )
})

test('who reads the rest of a run a second time has every message once', async () => {
  const rest = [result, begin(2), thought('Hm.'), text('It is noon.', 2), stepEnd(2), end('It is noon.')]
  const first = await heard(rest, { after: 7 })
  const second = await heard(rest, { after: 7 }, first.messages as (typeof asked)[])
  // A thought may stand elsewhere: clients keep those of before.
  const byId = (messages: readonly Message[]) => messages.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  assert.deepEqual(byId(second.messages), byId(first.messages))
})

test('of an answer that keeps to a schema only the one that was accepted is told, and is the result', async () => {
  const tries = [begin(1), text('{"a":'), stepEnd(), begin(2), text('{"a":1}', 2), stepEnd(2), end('{"a":1}')]
  const { sent, messages } = await heard(tries, { hasSchema: true })
  assert.deepEqual(contents(messages), ['user: Hi', 'assistant: {"a":1}'])
  assert.deepEqual((sent.at(-1) as { result: unknown }).result, { a: 1 })
})

test('a run that was stopped, by a limit or by somebody, is cancelled and closes what it opened', async () => {
  for (const last of [end('Hel', 'steps'), { type: 'run-cancel', credits: 0 } as RunEvent]) {
    const { sent } = await heard([begin(1), thought('Hm.'), text('Hel'), last])
    const finished = sent.at(-1)
    assert.deepEqual(finished?.type === 'RUN_FINISHED' && finished.outcome, { type: 'cancelled' })
  }
})
