import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasTerm, termsOf, toggled, withCondition } from './query-terms.ts'

test('a filter is put into the query and taken out again, and leaves the rest as it is', () => {
  const q = 'timeout "timed out" event:"a b"'
  assert.deepEqual(termsOf(q), ['timeout', '"timed out"', 'event:"a b"'])
  assert.equal(toggled(q, 'status:5xx'), `${q} status:5xx`)
  assert.equal(toggled(`${q} status:5xx`, 'status:5xx'), q)
  assert.equal(hasTerm(q, 'status:5xx'), false)
})

test('a condition on a field takes the place of its opposite, and is quoted where it must be', () => {
  assert.equal(withCondition('-path:/x a', 'path', '/x'), 'a path:/x')
  assert.equal(withCondition('path:/x', 'path', '/x', true), '-path:/x')
  assert.equal(withCondition('', 'reason', 'it "broke"'), 'reason:"it \\"broke\\""')
})
