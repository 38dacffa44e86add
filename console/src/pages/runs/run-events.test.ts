import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FollowedEvent, Run, RunEvent, RunSpan } from '@roundhouse/sdk'
import { ticksOf } from './axis.ts'
import { payloadOf } from './span-payload.ts'
import { lengthMs, spanTree, takeOvers } from './span-tree.ts'
import { traceText } from './trace-text.ts'

const at = (ms: number) => new Date(1_000_000 + ms).toISOString()
const usage = { input_tokens: 3, output_tokens: 4, estimated: false }
const run: Run = {
  id: 'r',
  agent_id: 'a',
  agent_version: 1,
  owner_id: null,
  thread_id: null,
  parent_run_id: null,
  status: 'done',
  mode: 'inline',
  attempt: 1,
  output: 'Noon.',
  stopped: 'answered',
  error: null,
  usage,
  credits: 5,
  time_to_first_token_ms: 1,
  last_event: 1,
  request_id: 'q',
  created_at: at(0),
  started_at: at(0),
  finished_at: at(100),
}
const span = (id: string, more: Partial<RunSpan>): RunSpan => ({
  id,
  parent_id: 'r',
  name: id,
  kind: 'llm',
  status: 'done',
  started_at: at(0),
  duration_ms: 10,
  time_to_first_token_ms: null,
  usage: null,
  credits: 0,
  cost_micros: null,
  error: null,
  step: 1,
  call_id: null,
  attempt: 1,
  attributes: {},
  ...more,
})
const events = (...list: RunEvent[]): FollowedEvent[] =>
  list.map((event, index) => ({ seq: index + 1, event }))
const call = { step: 1, id: 'c1', name: 'time' }

const trace = {
  run_id: 'r',
  request_id: 'q',
  spans: [
    span('r', { parent_id: null, kind: 'run', duration_ms: 100, step: null }),
    span('second', { started_at: at(60), step: 2, attempt: 2 }),
    span('first', { started_at: at(5) }),
    span('slow', { parent_id: 'first', kind: 'tool', started_at: at(20), duration_ms: 30, call_id: 'c2' }),
    span('clock', { parent_id: 'first', kind: 'tool', started_at: at(16), duration_ms: 30, call_id: 'c1' }),
  ],
}
const told = events(
  { type: 'step-start', step: 1, provider: 'demo', model: 'demo' },
  { type: 'text-delta', step: 1, text: 'Lost' },
  { type: 'run-attempt', attempt: 2, after: 1 },
  { type: 'text-delta', step: 1, text: 'Let me look.' },
  { type: 'tool-call', ...call, arguments: '{"zone":"UTC"}' },
  { type: 'tool-result', ...call, content: 'noon', is_error: false },
)

test('spans stand below those that asked for them, in the order in which they began', () => {
  const tree = spanTree(run, trace, told)
  assert.deepEqual(
    tree.map(one => `${' '.repeat(one.depth)}${one.id} ${one.startMs}-${one.endMs}`),
    ['r 0-100', ' first 5-15', '  clock 16-46', '  slow 20-50', ' second 60-70'],
  )
  assert.equal(lengthMs(tree, 9999), 100)
  assert.deepEqual(takeOvers(tree), [{ attempt: 2, atMs: 60 }])
})

test('a span has what it was given and gave, without what was taken back', () => {
  const tree = spanTree(run, trace, told)
  const story = {
    run,
    events: told,
    input: { run_id: 'r', messages: [{ role: 'user' as const, content: 'Time?' }], memory: [] },
  }
  const payloads = (id: string) =>
    payloadOf(tree.find(one => one.id === id) ?? assert.fail(id), story).map(
      one => `${one.title}: ${one.text}`,
    )
  assert.deepEqual(payloads('r'), ['Asked: Time?', 'Answer: Noon.'])
  assert.deepEqual(payloads('first'), ['Answer: Let me look.', 'Tools called: time({\n  "zone": "UTC"\n})'])
  assert.deepEqual(payloads('clock'), ['Arguments: {\n  "zone": "UTC"\n}', 'Result: noon'])
  const text = traceText(tree, story)
  for (const part of ['Time?', 'Let me look.', 'noon', '"zone"', 'goes on here: attempt 2'])
    assert.ok(text.includes(part), part)
  assert.ok(!text.includes('Lost'))
})

test('what is under way is in the tree before the trace has it', () => {
  const going: Run = { ...run, status: 'waiting', finished_at: null }
  const open = spanTree(going, { ...trace, spans: trace.spans.slice(0, 1) }, [
    ...told.slice(0, 5),
    {
      seq: 6,
      event: {
        type: 'approval-request',
        ...call,
        approval_id: 'p',
        arguments: '{}',
        reason: 'approval',
        expires_at: at(0),
      },
    },
  ])
  assert.deepEqual(
    open.map(one => `${one.depth} ${one.name} ${one.state}`),
    ['0 run waiting', '1 demo/demo running', '2 time waiting'],
  )
  assert.equal(lengthMs(open, 500), 500)
})

test('an axis has round times', () => {
  assert.deepEqual(ticksOf(100), [0, 20, 40, 60, 80, 100])
  assert.deepEqual(ticksOf(2600), [0, 1000, 2000])
  assert.ok(ticksOf(0.001).length < 8)
})
