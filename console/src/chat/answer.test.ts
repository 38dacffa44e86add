import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, type ChatEvent, createAnswerFold, textOf } from './answer.ts'

function fold(...events: (ChatEvent | [number, ChatEvent])[]): Answer {
  const answer = createAnswerFold()
  for (const [index, one] of events.entries()) {
    const [seq, event] = Array.isArray(one) ? one : [index + 1, one]
    answer.add({ seq, event })
  }
  return answer.answer()
}

const start: ChatEvent = { type: 'run-start', run_id: 'r', has_schema: false }
const text = (words: string): ChatEvent => ({ type: 'text-delta', text: words })
const end: ChatEvent = { type: 'run-end', output: 'x', stopped: 'answered' }

test('text and tools stand in the order in which they came', () => {
  const { parts, status } = fold(
    start,
    text('Let me '),
    text('look.'),
    { type: 'tool-call', id: 'a', name: 'time' },
    { type: 'tool-result', id: 'a', is_error: true },
    { type: 'step-end' },
    text('Noon.'),
    end,
  )
  assert.deepEqual(
    parts.map(part => (part.kind === 'text' ? part.text : `${part.name} ${part.state}`)),
    ['Let me look.', 'time failed', 'Noon.'],
  )
  assert.equal(status, 'done')
})

test('what is said again is there once, and an event that comes twice counts once', () => {
  const kept = fold(
    start,
    text('a'),
    { type: 'step-end' },
    text('b'),
    text('lost'),
    { type: 'run-attempt', after: 4 },
    text('c'),
    [7, text('again')],
  )
  assert.equal(textOf(kept), 'abc')
})

test('a question waits until it is answered, and an answer of a fixed form is shown at its end', () => {
  const asked = [start, { type: 'approval-request', approval_id: 'q', name: 'pay' }] as const
  assert.equal(fold(...asked).status, 'waiting')
  assert.equal(
    fold(...asked, { type: 'approval-answer', approval_id: 'q', approved: true }).status,
    'running',
  )
  const formed = fold({ ...start, has_schema: true }, text('{"try"'), { ...end, output: '{"a":1}' })
  assert.equal(textOf(formed), '```json\n{"a":1}\n```')
})
