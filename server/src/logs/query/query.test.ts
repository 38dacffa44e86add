import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { parseLogQuery } from './query.ts'

const one = (text: string) => parseLogQuery(text)[0]?.any[0]

test('words, quoted words, conditions and their opposites are read', () => {
  assert.deepEqual(parseLogQuery('  timeout "no such \\"model\\"" -path:/health @level:error,warn '), [
    { not: false, any: [{ kind: 'word', text: 'timeout' }] },
    { not: false, any: [{ kind: 'word', text: 'no such "model"' }] },
    { not: true, any: [{ kind: 'text', column: 'path', pattern: { like: '/health%' } }] },
    {
      not: false,
      any: [
        { kind: 'text', column: 'level', pattern: { is: 'error' } },
        { kind: 'text', column: 'level', pattern: { is: 'warn' } },
      ],
    },
  ])
  assert.deepEqual(parseLogQuery(''), [])
})

test('numbers are read with their bounds and units, names with *', () => {
  const bound = (value: number, isIncluded: boolean) => ({ value, isIncluded })
  const status = { kind: 'number', column: 'status' }
  assert.deepEqual(one('status:5xx'), { ...status, from: bound(500, true), to: bound(600, false) })
  assert.deepEqual(one('status:404'), { ...status, from: bound(404, true), to: bound(404, true) })
  assert.deepEqual(one('status:<500'), { ...status, from: null, to: bound(500, false) })
  assert.deepEqual(one('duration:>=1.5s'), {
    kind: 'number',
    column: 'duration_ms',
    from: bound(1500, true),
    to: null,
  })
  assert.deepEqual(one('event:run-*'), { kind: 'text', column: 'event', pattern: { like: 'run-%' } })
  assert.deepEqual(one('path:/50%_*/x'), { kind: 'text', column: 'path', pattern: { like: '/50\\%\\_%/x' } })
  assert.deepEqual(one('job_id:7'), { kind: 'field', name: 'job_id', pattern: { is: '7' } })
  assert.deepEqual(one('user:Ada@Example.com'), { kind: 'email', email: 'ada@example.com' })
})

test('what cannot be read is refused with what to write instead', () => {
  const refusals = {
    'level:loud': 'q: level is debug, info, warn or error.',
    'status:high': 'q: status is like 404, 5xx or >=400.',
    'user:ada': 'q: user is an id, an e-mail address or none.',
    'path: /x': 'q: write a value behind path:, as in level:error.',
    [Array.from({ length: 21 }, (_, n) => `w${n}`).join(' ')]: 'q: 20 conditions at most.',
  }
  for (const [text, message] of Object.entries(refusals))
    assert.throws(
      () => parseLogQuery(text),
      error => isProblem(error) && error.message === message,
      text,
    )
})
