import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspectConfig } from './config.ts'

const endpoint = 'https://collector.example.com/otlp'
const headers = (text: string) =>
  inspectConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: text })

test('headers of the collector are read as OpenTelemetry writes them', () => {
  const { settings, problems } = headers('authorization=Basic%20dTpw, x-team = a=b,')
  assert.deepEqual(problems, [])
  assert.deepEqual(settings.OTEL_EXPORTER_OTLP_HEADERS, { authorization: 'Basic dTpw', 'x-team': 'a=b' })
  assert.equal(settings.OTEL_SERVICE_NAME, 'roundhouse')
})

test('what no header can be is told by its setting, and its value is not', () => {
  for (const text of [
    'secret-alone',
    'na me=secret',
    'x=%zzsecret',
    'x=secret%0d%0ay:1',
    'x=secret%E2%82%AC',
  ]) {
    const { problems } = headers(text)
    assert.equal(problems.length, 1, text)
    assert.match(problems[0] ?? '', /^OTEL_EXPORTER_OTLP_HEADERS: /)
    assert.ok(!problems.join().includes('secret'))
  }
})

test('headers without a collector, and a collector that is no plain address, are refused', () => {
  const alone = inspectConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b' })
  assert.deepEqual(alone.problems, ['OTEL_EXPORTER_OTLP_ENDPOINT: goes with OTEL_EXPORTER_OTLP_HEADERS.'])
  for (const text of ['localhost:4318', 'http://user:password@host', 'http://host?key=1', 'grpc://host']) {
    const { problems } = inspectConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: text })
    assert.match(problems.join(), /^OTEL_EXPORTER_OTLP_ENDPOINT: is http/, text)
  }
})
