import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type HrTime, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import { context } from '../../kit/context.ts'
import type { Log } from '../../kit/log.ts'
import type { FinishedSpan, Tracer } from '../../ports/tracer.ts'

const gatherMs = 1000
/** What waits while the collector is away; more is dropped. */
const mostWaiting = 2048
/** With what it is tried again after it failed. */
const timeoutMs = 3000
const closeMs = 1800

/** Sends spans to an OpenTelemetry collector: OTLP over HTTP, as JSON. */
export function openOtelTracer(options: {
  /** Without `/v1/traces`. */
  endpoint: string
  headers: Readonly<Record<string, string>>
  serviceName: string
  version: string
  log: Log
}): Tracer {
  const { endpoint, serviceName, version, log } = options
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const agent = new (url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true })
  const exporter = warnsOnce(
    new OTLPTraceExporter({
      url,
      headers: { ...options.headers },
      timeoutMillis: timeoutMs,
      httpAgentOptions: () => agent,
    }),
    log,
  )
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: gatherMs,
    maxQueueSize: mostWaiting,
    exportTimeoutMillis: timeoutMs,
  })
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })

  return {
    // What is logged of the sending belongs to no request.
    span: span => context.exit(() => processor.onEnd(readable(span, resource))),
    async close() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, closeMs)
      await Promise.race([processor.shutdown().catch(() => {}), late])
      clearTimeout(timer)
      agent.destroy()
    },
  }
}

/** Of each time that the collector is away, one line. */
function warnsOnce(exporter: SpanExporter, log: Log): SpanExporter {
  let isAway = false
  return {
    export(spans, done) {
      exporter.export(spans, result => {
        // 0 is success.
        const hasFailed = result.code !== 0
        if (hasFailed && !isAway) log.warn('trace-export-fail', { spans: spans.length, err: result.error })
        isAway = hasFailed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

/** The form that the exporter reads. Made here and not by a tracer of the SDK: that one gives spans ids and times of its own. */
function readable(span: FinishedSpan, resource: ReadableSpan['resource']): ReadableSpan {
  const { traceId, spanId, parentSpanId, errorType } = span
  const place = (id: string): SpanContext => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED })
  return {
    name: span.name,
    kind: span.kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => place(spanId),
    ...(parentSpanId === null ? {} : { parentSpanContext: place(parentSpanId) }),
    startTime: hrTime(span.startedAt.getTime()),
    endTime: hrTime(span.endedAt.getTime()),
    duration: hrTime(span.endedAt.getTime() - span.startedAt.getTime()),
    status: { code: errorType === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: {
      ...mutable(span.attributes),
      ...(errorType === null ? {} : { 'error.type': errorType }),
    },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'roundhouse' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function mutable(attributes: FinishedSpan['attributes']): ReadableSpan['attributes'] {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
  )
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
