import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spanIdOf, traceParentFrom, tracePlaceOf } from './trace-context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

test('a traceparent is taken as it is sent, and of a later version what is known of it', () => {
  const header = `00-${traceId}-${spanId}-01`
  assert.equal(traceParentFrom(header), header)
  assert.equal(traceParentFrom(`cc-${traceId}-${spanId}-01-what-comes`), header)
  for (const wrong of [
    undefined,
    '',
    [header, header],
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01\nx`,
  ])
    assert.equal(traceParentFrom(wrong), undefined, String(wrong))
})

test('spans stand below the span of the caller, and nowhere when the caller leaves the request out', () => {
  const place = (flags: string) =>
    tracePlaceOf({ traceParent: `00-${traceId}-${spanId}-${flags}`, requestId: 'r' })
  assert.deepEqual(place('01'), { traceId, parentSpanId: spanId })
  assert.deepEqual(place('03'), { traceId, parentSpanId: spanId })
  assert.equal(place('00'), null)
})

test('without a caller the trace is named by the request, and two requests are two traces', () => {
  const place = (requestId: string) => tracePlaceOf({ traceParent: null, requestId })
  assert.deepEqual(place('0199a6e0-0000-7000-8000-00000000000A'), {
    traceId: '0199a6e000007000800000000000000a',
    parentSpanId: null,
  })
  assert.match(place('order-7')?.traceId ?? '', /^[0-9a-f]{32}$/)
  assert.deepEqual(place('order-7'), place('order-7'))
  assert.notEqual(place('order-7')?.traceId, place('order-8')?.traceId)
  assert.match(spanIdOf('run:1'), /^[0-9a-f]{16}$/)
  assert.notEqual(spanIdOf('run:1'), spanIdOf('run:2'))
})
