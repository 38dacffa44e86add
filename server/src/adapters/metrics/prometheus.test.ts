import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPrometheusMetrics } from './prometheus.ts'

/** The lines of one metric, without comments. */
async function linesOf(metrics: { text(): Promise<string> }, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter(line => line.startsWith(name))
}

const run = {
  model: 'price',
  version: '3',
  rows: 3,
  requests: 2,
  computeMs: 4,
  reason: 'drained',
  ok: true,
}

test('requests are counted and timed in seconds by method, route and status', async () => {
  const metrics = createPrometheusMetrics([])
  const get = { method: 'GET', route: '/api/v1/models/:id', isStream: false }
  for (const durationMs of [2, 30]) metrics.request({ ...get, status: 200, durationMs })
  metrics.request({ ...get, status: 404, durationMs: 1 })
  const name = 'roundhouse_http_request_duration_seconds'
  const labels = 'method="GET",route="/api/v1/models/:id"'
  const lines = await linesOf(metrics, name)
  assert.ok(lines.includes(`${name}_count{${labels},status="200"} 2`))
  assert.ok(lines.includes(`${name}_sum{${labels},status="200"} 0.032`))
  assert.ok(lines.includes(`${name}_bucket{le="0.0025",${labels},status="200"} 1`))
  assert.ok(lines.includes(`${name}_count{${labels},status="404"} 1`))
})

test('runs are timed, their rows counted, and why each batch was closed', async () => {
  const metrics = createPrometheusMetrics([])
  metrics.batch(run)
  metrics.batch({ ...run, rows: 64, reason: 'row-cap' })
  metrics.batch({ ...run, ok: false })
  const labels = 'model="price",version="3"'
  const lines = await linesOf(metrics, 'roundhouse_model_')
  for (const line of [
    `roundhouse_model_run_duration_seconds_count{${labels}} 3`,
    `roundhouse_model_run_duration_seconds_sum{${labels}} 0.012`,
    `roundhouse_model_batch_rows_bucket{le="4",${labels}} 2`,
    `roundhouse_model_batch_rows_sum{${labels}} 70`,
    `roundhouse_model_batches_total{${labels},reason="drained",outcome="ok"} 1`,
    `roundhouse_model_batches_total{${labels},reason="row-cap",outcome="ok"} 1`,
    `roundhouse_model_batches_total{${labels},reason="drained",outcome="error"} 1`,
  ])
    assert.ok(lines.includes(line), `${line}\nis missing in\n${lines.join('\n')}`)
})

test('a reading is taken each time the metrics are asked for, and what is gone is not told any more', async () => {
  let queues = new Map([
    ['price', 2],
    ['churn', 0],
  ])
  const metrics = createPrometheusMetrics([
    {
      name: 'test_queue',
      help: 'Waiting.',
      labels: ['model'],
      read: () => [...queues].map(([model, value]) => ({ labels: { model }, value })),
    },
    { name: 'test_one', help: 'One.', read: () => [{ value: queues.size }] },
  ])
  assert.deepEqual(await linesOf(metrics, 'test_'), [
    'test_queue{model="price"} 2',
    'test_queue{model="churn"} 0',
    'test_one 2',
  ])
  queues = new Map([['price', 5]])
  assert.deepEqual(await linesOf(metrics, 'test_'), ['test_queue{model="price"} 5', 'test_one 1'])
})

test('two servers in one process count for themselves, and each tells of its process', async () => {
  const [first, second] = [createPrometheusMetrics([]), createPrometheusMetrics([])]
  first.batch(run)
  assert.deepEqual(await linesOf(second, 'roundhouse_model_batches_total'), [])
  assert.equal((await linesOf(second, 'process_resident_memory_bytes')).length, 1)
  assert.match(first.contentType, /^text\/plain; version=0\.0\.4/)
})

test('names from outside cannot break the text', async () => {
  const metrics = createPrometheusMetrics([])
  metrics.batch({ ...run, model: 'a"b\\c\nd' })
  const lines = await linesOf(metrics, 'roundhouse_model_batches_total')
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /model="a\\"b\\\\c\\nd"/)
})

test('counts every answer, and those with 5xx', () => {
  const metrics = createPrometheusMetrics([])
  for (const status of [200, 404, 499, 500, 503, 500])
    metrics.request({ method: 'GET', route: '/a', status, durationMs: 1, isStream: status === 200 })
  assert.deepEqual(metrics.requests(), { total: 6, failed: 3 })
  assert.equal(metrics.counts.clientErrors, 1)
  assert.equal(
    metrics.counts.latency.reduce((sum, count) => sum + count),
    5,
    'a stream lasts as long as someone listens',
  )
})

test('what rules of agents do to texts is counted', async () => {
  const metrics = createPrometheusMetrics([])
  metrics.guardrailAct({ on: 'output', action: 'mask', count: 2 })
  metrics.guardrailAct({ on: 'output', action: 'mask', count: 1 })
  assert.deepEqual(await linesOf(metrics, 'roundhouse_guardrail_acts_total'), [
    'roundhouse_guardrail_acts_total{on="output",action="mask"} 3',
  ])
})
