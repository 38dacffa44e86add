import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoryEntry } from '@roundhouse/sdk'
import { storyAxis } from './story-axis.ts'
import { storyRows, summaryOf } from './story-tree.ts'

const at = (ms: number) => new Date(ms).toISOString()
function entry(
  kind: StoryEntry['kind'],
  id: string,
  startMs: number,
  more: Partial<StoryEntry> = {},
): StoryEntry {
  const nothing = { parent_id: null, name: id, status: null, ended_at: null, user_id: null, attributes: {} }
  return { kind, id, at: at(startMs), ...nothing, ...more }
}

test('calls stand below their run and tools below their call, whatever came between', () => {
  const rows = storyRows({
    entries: [
      entry('run', 'r', 0, { status: 'done', ended_at: at(50) }),
      entry('llm', 'r:1', 1, { parent_id: 'r', status: 'done', ended_at: at(20) }),
      entry('log', 'log:1', 5),
      entry('tool', 'r:2', 20, { parent_id: 'r:1', status: 'failed', ended_at: at(30) }),
      entry('run', 'of-another-request', 40, { parent_id: 'elsewhere', status: 'running' }),
    ],
  })
  assert.deepEqual(
    rows.map(({ entry: { id }, depth }) => [id, depth]),
    [
      ['r', 0],
      ['r:1', 1],
      ['r:2', 2],
      ['log:1', 0],
      ['of-another-request', 0],
    ],
  )
  const summary = summaryOf(rows, 90)
  assert.deepEqual([summary.startMs, summary.endMs, summary.isOver, summary.failures], [0, 90, false, 1])
})

test('the line at the end of a request reaches back as long as the request took', () => {
  const attributes = { method: 'POST', path: '/x', status: 201, duration_ms: 30 }
  const paid = entry('credit', 'credit:1', 95, { attributes: { amount: -3 }, user_id: 'u' })
  const rows = storyRows({ entries: [paid, entry('log', 'log:1', 100, { name: 'request-end', attributes })] })
  const summary = summaryOf(rows, 0)
  assert.deepEqual([summary.startMs, summary.endMs, summary.credits, summary.userId], [70, 100, 3, 'u'])
  assert.deepEqual(summary.requests, [{ method: 'POST', path: '/x', status: 201 }])
})

test('a job that was done hours later leaves the rest its room, and the pause is marked', () => {
  const axis = storyAxis([
    { startMs: 0, endMs: 100 },
    { startMs: 50, endMs: 200 },
    { startMs: 7_200_000, endMs: 7_200_200 },
  ])
  assert.deepEqual(
    axis.pauses.map(({ ms }) => ms),
    [7_199_800],
  )
  assert.equal(axis.place(0), 0)
  assert.ok(Math.abs(axis.place(200) - 0.475) < 0.001)
  assert.ok(Math.abs(axis.place(7_200_000) - 0.525) < 0.001)
  assert.equal(axis.place(7_200_200), 1)
})

test('what lies close together is one stretch, and single moments have their place', () => {
  assert.equal(
    storyAxis([
      { startMs: 0, endMs: 10 },
      { startMs: 500, endMs: 510 },
    ]).pauses.length,
    0,
  )
  const moments = storyAxis([{ startMs: 5, endMs: 5 }])
  assert.equal(moments.place(5), 0)
  assert.equal(storyAxis([]).place(5), 0)
})
