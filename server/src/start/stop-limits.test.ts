import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopLimits } from './stop-limits.ts'

test('requests in flight get the whole time to drain but what closing needs', () => {
  assert.deepEqual(stopLimits(30_000, false), {
    graceMs: 0,
    httpMs: 22_000,
    answersMs: 20_000,
    modelsMs: 5000,
    connectionsMs: 3000,
  })
  assert.deepEqual(stopLimits(30_000, true), {
    graceMs: 5000,
    httpMs: 17_000,
    answersMs: 15_000,
    modelsMs: 5000,
    connectionsMs: 3000,
  })
})

test('however short the time, the phases fit into it and requests get half', () => {
  for (const deployed of [true, false]) {
    for (const drainMs of [1000, 7000, 11_999, 12_000, 16_000, 600_000]) {
      const { graceMs, httpMs, modelsMs, connectionsMs } = stopLimits(drainMs, deployed)
      assert.equal(graceMs + httpMs + modelsMs + connectionsMs, drainMs)
      assert.ok(httpMs >= (drainMs - graceMs) / 2)
      assert.ok(modelsMs > 0 && connectionsMs > 0)
    }
  }
})
