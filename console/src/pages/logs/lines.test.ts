import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogLine } from '@roundhouse/sdk'
import { noLines, withNew, withOlder } from './lines.ts'

function line(id: number, atMs = id): LogLine {
  const at = new Date(atMs).toISOString()
  const nothing = {
    request_id: null,
    user_id: null,
    method: null,
    path: null,
    status: null,
    duration_ms: null,
  }
  return { id, at, level: 'info', event: 'e', ...nothing, model: null, process: 'p', fields: {} }
}
const ids = (lines: readonly LogLine[]) => lines.map(({ id }) => id)
const reading = { isPaused: false, isAtEnd: true }

test('lines stand in the order of time, whichever process told them first, with older ones before them', () => {
  const page = { data: [line(5), line(4)], next_cursor: 'c', searched_to: null }
  const first = withOlder(noLines, page)
  const live = withNew(first, [line(6, 9), line(7, 8)], reading)
  assert.deepEqual(ids(live.shown), [4, 5, 7, 6])
  const all = withOlder(live, { data: [line(3), line(2)], next_cursor: null, searched_to: null })
  assert.deepEqual(ids(all.shown), [2, 3, 4, 5, 7, 6])
  assert.equal(all.cursor, null)
})

test('while it is paused what comes is held, and shown afterwards', () => {
  const held = withNew(noLines, [line(1), line(2)], { isPaused: true, isAtEnd: true })
  assert.deepEqual([held.shown.length, held.held.length], [0, 2])
  assert.deepEqual(ids(withNew(held, [line(3)], reading).shown), [1, 2, 3])
})

test('a tail of hours stays light, but takes nothing from under who reads further up', () => {
  const many = Array.from({ length: 6000 }, (_, n) => line(n + 1))
  const cut = withNew(noLines, many, reading)
  assert.deepEqual([cut.shown.length, cut.shown.at(-1)?.id, cut.isCut], [5000, 6000, true])
  assert.equal(withNew(noLines, many, { isPaused: false, isAtEnd: false }).shown.length, 6000)
})
