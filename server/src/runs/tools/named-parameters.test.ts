import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindNames } from './named-parameters.ts'

test('each name becomes one place; texts, comments, casts and quoted names stay as they are', () => {
  assert.deepEqual(bindNames('select :a::text, :b from t where x = :a;', ['a', 'b', 'c']), {
    text: 'select $1::text, $2 from t where x = $1',
    names: ['a', 'b'],
  })
  for (const text of [
    `select ':a', 'it''s :a', e'\\':a', ":a", "b"":a" from t`,
    'select 1 -- :a and $1',
    'select /* :a\n:b */ 1',
    'select $$ :a $$, $tag$ $$ :a $tag$ from t',
    `select '12:30'::time`,
  ])
    assert.deepEqual(bindNames(text, []), { text, names: [] })
})

test('a name that is not declared, and a number in its place, are told', () => {
  assert.throws(() => bindNames('select :b', ['a', 'caller_id']), {
    message: ':b is no parameter. There are :a, :caller_id.',
  })
  assert.throws(() => bindNames('select $1', ['a']), { message: /^\$1: a parameter has a name/ })
})
