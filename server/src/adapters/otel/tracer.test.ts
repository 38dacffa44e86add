import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, silentLog } from '../../kit/log.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import { freePort } from '../../testing/free-port.ts'
import { otlpReceiver } from '../../testing/otlp-receiver.ts'
import { until } from '../../testing/until.ts'
import { openOtelTracer } from './tracer.ts'

const span: FinishedSpan = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: null,
  name: 'chat small',
  kind: 'client',
  startedAt: new Date('2026-11-21T12:00:00.123Z'),
  endedAt: new Date('2026-11-21T12:00:01.250Z'),
  errorType: 'provider-timeout',
  attributes: { 'gen_ai.request.model': 'small', tokens: 7, share: 0.5, is: true, reasons: ['stop'] },
}
const options = { headers: {}, serviceName: 'roundhouse', version: '1.0.0', log: silentLog }

/** A log that keeps what it was warned of. */
function warnings(): { log: Log; events: string[] } {
  const events: string[] = []
  return { log: { ...silentLog, warn: event => void events.push(event) }, events }
}

test('what waits is sent before the end: ids, times, kind, failure and attributes as they were given', async t => {
  const collector = await otlpReceiver(t)
  const tracer = openOtelTracer({
    ...options,
    endpoint: `${collector.url}/`,
    headers: { 'x-key': 'let me in' },
  })
  const child = { ...span, spanId: 'aaaaaaaaaaaaaaaa', parentSpanId: span.spanId, errorType: null }
  tracer.span(span)
  tracer.span({ ...child, kind: 'internal' })
  await tracer.close()
  const [first, second] = collector.spans()
  assert.deepEqual(first, {
    ...first,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: undefined,
    name: 'chat small',
    kind: 3,
    startMs: span.startedAt.getTime(),
    endMs: span.endedAt.getTime(),
    statusCode: 2,
    attributes: { ...span.attributes, 'error.type': 'provider-timeout' },
  })
  assert.deepEqual(
    [second?.parentSpanId, second?.kind, second?.statusCode, second?.attributes['error.type']],
    [span.spanId, 1, 0, undefined],
  )
  assert.equal(collector.headers[0]?.['x-key'], 'let me in')
  assert.deepEqual([...collector.services], ['roundhouse'])
})

test('a collector that is away is warned of once, and nothing waits for it', async () => {
  const { log, events } = warnings()
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const tracer = openOtelTracer({ ...options, endpoint, log })
  tracer.span(span)
  await until(() => events.length > 0, 'a warning')
  for (let count = 0; count < 10_000; count += 1) tracer.span(span)
  const began = performance.now()
  await tracer.close()
  assert.ok(performance.now() - began < 2000)
  assert.deepEqual(events, ['trace-export-fail'])
})

test('a collector that takes spans and never answers holds the end up for no longer than 2 s', async t => {
  const collector = await otlpReceiver(t, () => {})
  const tracer = openOtelTracer({ ...options, endpoint: collector.url })
  tracer.span(span)
  const began = performance.now()
  await tracer.close()
  assert.ok(performance.now() - began < 2000)
  assert.equal(collector.spans().length, 1)
})
