import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDeadline } from './deadline.ts'

test('each sign of progress gives the full time again', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const deadline = openDeadline(100, undefined)
  for (let step = 0; step < 3; step++) {
    t.mock.timers.tick(99)
    deadline.extend()
  }
  assert.equal(deadline.signal.aborted, false)
  t.mock.timers.tick(100)
  assert.equal(deadline.signal.aborted, true)
  assert.equal(deadline.passed(), true)
})

test('the signal of the caller ends it without the time being up', () => {
  const controller = new AbortController()
  const deadline = openDeadline(Number.POSITIVE_INFINITY, controller.signal)
  assert.equal(deadline.signal.aborted, false)
  controller.abort('left')
  assert.equal(deadline.signal.reason, 'left')
  assert.equal(deadline.passed(), false)
})

test('nothing happens after it was closed, not even by late progress', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const controller = new AbortController()
  const deadline = openDeadline(100, controller.signal)
  deadline.close()
  deadline.extend()
  controller.abort()
  t.mock.timers.tick(1000)
  assert.equal(deadline.signal.aborted, false)
})
