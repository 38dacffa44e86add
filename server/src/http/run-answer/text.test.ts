import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunEvent } from '@roundhouse/sdk/contract'
import { createRunText } from './text.ts'

const delta = (text: string): RunEvent => ({ type: 'text-delta', step: 1, text })
const restart = (after: number): RunEvent => ({
  type: 'step-restart',
  step: 1,
  after,
  provider: 'p',
  model: 'm',
})
const usage = { input_tokens: 1, output_tokens: 1, estimated: false }
const stepEnd: RunEvent = { type: 'step-end', step: 1, finish_reason: 'stop', usage, credits: 0 }

/** What a client is told of the events, numbered from 1. */
function told(...events: RunEvent[]): { text: string; isOther: boolean } {
  const said = createRunText()
  const added = events.map((event, index) => said.add(index + 1, event))
  return { text: added.map(({ text }) => text).join(''), isOther: added.some(({ isOther }) => isOther) }
}

test('text that is said again after a restart is told once, however it is cut', () => {
  for (const again of [['Hello', ' world'], ['Hello world'], ['He', 'llo w', 'orld'], [...'Hello world']])
    assert.deepEqual(told(delta('Hel'), delta('lo'), restart(0), ...again.map(delta)), {
      text: 'Hello world',
      isOther: false,
    })
})

test('a restart behind some event goes on behind that event', () => {
  const events = [delta('One. '), delta('Two. '), delta('Thr'), restart(2), delta('Three.')]
  assert.deepEqual(told(...events), { text: 'One. Two. Three.', isOther: false })
})

test('a step that is done is not said again by a new attempt', () => {
  const attempt: RunEvent = { type: 'run-attempt', attempt: 2, after: 2 }
  const events = [delta('One.'), stepEnd, delta('Tw'), attempt, delta('Two.')]
  assert.deepEqual(told(...events), { text: 'One.\n\nTwo.', isOther: false })
})

test('what is said again in other words is told to be other', () => {
  assert.equal(told(delta('Hello'), restart(0), delta('Good')).isOther, true)
  assert.equal(told(delta('Hello'), restart(0), delta('Hel'), delta('p')).isOther, true)
  const third = told(delta('Hello'), restart(0), delta('Good'), restart(0), delta('Good day'))
  assert.equal(third.text, 'HelloGood day')
})

test('what is said before and after a tool is told with a blank line between, however often it is said again', () => {
  const again: RunEvent = { type: 'run-attempt', attempt: 2, after: 2 }
  for (const [events, text] of [
    [[delta('One.'), stepEnd, delta('Two'), delta('.')], 'One.\n\nTwo.'],
    [[delta('One.'), stepEnd, delta('Tw'), again, delta('Tw'), delta('o.')], 'One.\n\nTwo.'],
    [[delta(''), stepEnd, delta('Two.')], 'Two.'],
    [[delta('One.'), stepEnd, stepEnd, delta('Three.')], 'One.\n\nThree.'],
  ] as const)
    assert.deepEqual(told(...events), { text, isOther: false })
})

test('of an answer that is to keep to a schema nothing is told but what was accepted', () => {
  const begin: RunEvent = {
    type: 'run-start',
    run_id: '0193a000-0000-7000-8000-000000000001',
    agent_id: '0193a000-0000-7000-8000-000000000003',
    agent_version: 1,
    thread_id: null,
    mode: 'inline',
    has_schema: true,
  }
  const end: RunEvent = { type: 'run-end', output: '{"a":1}', stopped: 'answered', usage, credits: 0 }
  const events = [
    begin,
    delta('{"a":'),
    restart(1),
    delta('{"b":1}'),
    stepEnd,
    delta('{"a":1}'),
    stepEnd,
    end,
  ]
  assert.deepEqual(told(...events), { text: '{"a":1}', isOther: false })
  assert.deepEqual(told({ ...begin, has_schema: false }, delta('Hello'), stepEnd, end).text, 'Hello')
})
