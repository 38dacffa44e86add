import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWindow, refreshMs, timesOf } from './time-window.ts'

test('an address that says nothing, or nonsense, shows the last hour', () => {
  for (const search of [{}, { window: 'soon' }, { from: 5 }, { from: 5, to: 4 }])
    assert.deepEqual(readWindow(search), { kind: 'last', name: '1h', label: '1 hour', ms: 3_600_000 })
})

test('a window that ends now moves on, one that was chosen stays', () => {
  const moving = readWindow({ window: '15m' })
  assert.deepEqual(timesOf(moving, 1_000_000_000), { from: new Date(999_100_000).toISOString() })
  assert.equal(refreshMs(moving), 15_000)
  const fixed = readWindow({ window: '15m', from: 1000, to: 2000 })
  assert.deepEqual(timesOf(fixed, 5), { from: '1970-01-01T00:00:01.000Z', to: '1970-01-01T00:00:02.000Z' })
  assert.equal(refreshMs(fixed), false)
})
