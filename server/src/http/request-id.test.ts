import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestIdFrom } from './request-id.ts'

const made = () => 'made'

test('a harmless id of the caller is kept', () => {
  for (const id of ['a', 'A-b_c.9', '01920000-0000-7000-8000-000000000000', 'x'.repeat(128)])
    assert.equal(requestIdFrom(id, made), id)
})

test('anything else gets a new one', () => {
  const others = [
    '',
    ' ',
    'a b',
    'a\nb',
    'a\r\nset-cookie: x',
    'ä',
    '<b>',
    'a/b',
    '"',
    'x'.repeat(129),
    'a\n',
  ]
  for (const id of others) assert.equal(requestIdFrom(id, made), 'made', JSON.stringify(id))
  assert.equal(requestIdFrom(undefined, made), 'made')
  assert.equal(requestIdFrom(['a', 'b'], made), 'made')
})
