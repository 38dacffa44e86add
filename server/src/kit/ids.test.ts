import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIds } from './ids.ts'

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids are UUIDs of version 7 that begin with the time', () => {
  const ids = createIds(() => Date.UTC(2026, 10, 21, 12, 0, 0, 5))
  const id = ids.uuid()
  assert.match(id, version7)
  assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), Date.UTC(2026, 10, 21, 12, 0, 0, 5))
})

test('20,000 ids of one millisecond are all different, well formed and in the order they were made', () => {
  const ids = createIds(() => 1_000_000)
  const made = Array.from({ length: 20_000 }, ids.uuid)
  assert.ok(made.every(id => version7.test(id)))
  assert.deepEqual(made, [...new Set(made)].sort())
})

test('ids stay in order when the clock is set back', () => {
  const times = [5000, 5001, 4000, 4000, 5001, 5002]
  const ids = createIds(() => times.shift() ?? 0)
  const made = Array.from({ length: 6 }, ids.uuid)
  assert.deepEqual(made, [...made].sort())
})

test('two makers of one millisecond make different ids', () => {
  const [first, second] = [createIds(() => 1), createIds(() => 1)]
  const made = Array.from({ length: 500 }, () => [first.uuid(), second.uuid()]).flat()
  assert.equal(new Set(made).size, 1000)
})
