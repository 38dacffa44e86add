import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'

/** A span as OTLP's JSON has it, with its attributes as plain values. */
export type ReceivedSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  /** 1 is internal, 3 client. */
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  /** 2 is an error. */
  readonly statusCode: number
  readonly attributes: Readonly<Record<string, unknown>>
}

export type OtlpReceiver = {
  /** Without `/v1/traces`. */
  readonly url: string
  /** What was sent, as text. */
  readonly texts: readonly string[]
  readonly headers: readonly IncomingHttpHeaders[]
  readonly services: ReadonlySet<unknown>
  spans(): ReceivedSpan[]
}

type Value = {
  stringValue?: string
  intValue?: number
  doubleValue?: number
  boolValue?: boolean
  arrayValue?: { values: Value[] }
}
type Attributes = { key: string; value: Value }[]
type Body = {
  resourceSpans: {
    resource: { attributes: Attributes }
    scopeSpans: {
      spans: {
        traceId: string
        spanId: string
        parentSpanId?: string
        name: string
        kind: number
        startTimeUnixNano: string
        endTimeUnixNano: string
        status: { code: number }
        attributes: Attributes
      }[]
    }[]
  }[]
}

/** A collector on this machine. */
export async function otlpReceiver(
  scope: Scope,
  answer: (response: ServerResponse) => void = response =>
    void response.setHeader('content-type', 'application/json').end('{}'),
): Promise<OtlpReceiver> {
  const texts: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const services = new Set<unknown>()
  const spans: ReceivedSpan[] = []
  const { url } = await httpServer(scope, async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    texts.push(text)
    headers.push(request.headers)
    if (request.url === '/v1/traces')
      for (const { resource, scopeSpans } of (JSON.parse(text) as Body).resourceSpans) {
        services.add(plain(resource.attributes)['service.name'])
        for (const scoped of scopeSpans)
          for (const { startTimeUnixNano, endTimeUnixNano, status, ...span } of scoped.spans)
            spans.push({
              ...span,
              parentSpanId: span.parentSpanId,
              startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
              endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
              statusCode: status.code,
              attributes: plain(span.attributes),
            })
      }
    answer(response)
  })
  return { url, texts, headers, services, spans: () => [...spans] }
}

function plain(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, read(value)]))
}

function read({ stringValue, intValue, doubleValue, boolValue, arrayValue }: Value): unknown {
  return stringValue ?? intValue ?? doubleValue ?? boolValue ?? arrayValue?.values.map(read)
}
