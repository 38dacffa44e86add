import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunEvent } from '../contract/run.ts'
import { createRunFold, type RunState } from './run-state.ts'

const usage = { input_tokens: 1, output_tokens: 2, estimated: false }
const text = (value: string, step = 1): RunEvent => ({ type: 'text-delta', step, text: value })
const start: RunEvent = { type: 'step-start', step: 1, provider: 'demo', model: 'demo' }
const end: RunEvent = { type: 'step-end', step: 1, finish_reason: 'stop', usage, credits: 1 }

function folded(...events: readonly RunEvent[]): RunState {
  const fold = createRunFold()
  for (const [index, event] of events.entries()) fold.add({ seq: index + 1, event })
  return fold.state()
}

test('text that a dead process had begun is taken back when another goes on', () => {
  const { text: said, lastEvent } = folded(
    start,
    text('Done. '),
    end,
    text('Half a sen', 2),
    { type: 'run-attempt', attempt: 2, after: 3 },
    text('Whole.', 2),
  )
  assert.deepEqual([said, lastEvent], ['Done. Whole.', 6])
})

test('an answer that broke off and is asked for anew is not told twice, nor are its calls', () => {
  const call: RunEvent = { type: 'tool-call', step: 1, id: 'a', name: 'time', arguments: '{}' }
  const state = folded(
    start,
    { type: 'reasoning-delta', step: 1, text: 'Hm' },
    call,
    { type: 'step-restart', step: 1, after: 1, provider: 'demo', model: 'demo' },
    { ...call, id: 'b' },
    { type: 'tool-result', step: 1, id: 'b', name: 'time', content: 'noon', is_error: false },
  )
  assert.equal(state.reasoning, '')
  assert.deepEqual(state.toolCalls, [
    { id: 'b', name: 'time', arguments: '{}', result: 'noon', isError: false },
  ])
})

test('a run that waits for two people goes on when both have answered', () => {
  const question = (id: string): RunEvent => ({
    type: 'approval-request',
    step: 1,
    approval_id: id,
    id,
    name: 'pay',
    arguments: '{}',
    reason: 'approval',
    expires_at: '2026-01-01T00:00:00.000Z',
  })
  const answer = (id: string): RunEvent => ({
    type: 'approval-answer',
    approval_id: id,
    approved: true,
    note: null,
  })
  const waiting = folded(question('a'), question('b'), answer('a'))
  assert.equal(waiting.status, 'waiting')
  assert.deepEqual(
    waiting.questions.map(open => open.approval_id),
    ['b'],
  )
  assert.equal(folded(question('a'), question('b'), answer('a'), answer('b')).status, 'running')
})

test('each end of a run is told with what it cost', () => {
  assert.equal(folded().status, 'unknown')
  const done = folded(text('Yes'), { type: 'run-end', output: 'Yes', stopped: 'answered', usage, credits: 3 })
  assert.deepEqual([done.status, done.output, done.stopped, done.credits], ['done', 'Yes', 'answered', 3])
  const failed = folded({ type: 'run-error', code: 'provider-failed', detail: 'It broke.', credits: 1 })
  assert.deepEqual(
    [failed.status, failed.error],
    ['failed', { code: 'provider-failed', detail: 'It broke.' }],
  )
  assert.equal(folded({ type: 'run-cancel', credits: 0 }).status, 'cancelled')
})

test('an event that comes again changes nothing', () => {
  const fold = createRunFold()
  fold.add({ seq: 1, event: text('a') })
  fold.add({ seq: 1, event: text('a') })
  assert.equal(fold.state().text, 'a')
})
