import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countLatency, createLatencyCounts, latencyQuantile } from './latency.ts'

test('a quantile of counted times is at most 4.5 % beside that of the times', () => {
  const times = Array.from({ length: 10_000 }, (_, i) => 0.05 * 1.0012 ** i)
  const counts = createLatencyCounts()
  for (const ms of times) countLatency(counts, ms)
  for (const share of [0.01, 0.5, 0.95, 0.99]) {
    const exact = times[Math.floor(times.length * share)] ?? 0
    const read = latencyQuantile(filled(counts), share) ?? 0
    assert.ok(Math.abs(read / exact - 1) < 0.045, `${share}: ${read} instead of ${exact}`)
  }
})

test('times beyond all measure are counted, and none has no quantile', () => {
  const counts = createLatencyCounts()
  assert.equal(latencyQuantile(filled(counts), 0.5), null)
  for (const ms of [0, -1, Number.NaN, 1e-9, 1e12]) countLatency(counts, ms)
  assert.equal(counts[0], 4)
  assert.equal(counts.at(-1), 1)
})

test('times of two processes count together', () => {
  const [one, other] = [createLatencyCounts(), createLatencyCounts()]
  for (let i = 0; i < 100; i++) countLatency(one, 1)
  for (let i = 0; i < 100; i++) countLatency(other, 100)
  const together = [...filled(other), ...filled(one)]
  assert.ok((latencyQuantile(together, 0.4) ?? 0) < 1.1)
  assert.ok((latencyQuantile(together, 0.6) ?? 0) > 95)
})

function filled(counts: Uint32Array) {
  return [...counts].map((count, bucket) => ({ bucket, count })).filter(({ count }) => count > 0)
}
