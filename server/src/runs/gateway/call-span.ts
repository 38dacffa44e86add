import { spanIdOf, tracePlaceOf } from '../../kit/trace-context.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import { attributesOf, callAttributes } from '../telemetry/attributes.ts'
import type { GatewayCall } from './store.ts'

/** A call that is over, with what of it is measured and not stored. */
export type EndedCall = GatewayCall & {
  readonly operation: 'chat' | 'embeddings'
  readonly traceParent: string | null
}

/** Null when the caller leaves the request out of its trace. */
export function spanOfCall(call: EndedCall): FinishedSpan | null {
  const { id, operation, model, requestId, createdAt, status } = call
  const place = tracePlaceOf({ traceParent: call.traceParent, requestId: requestId ?? id })
  if (!place) return null
  return {
    ...place,
    spanId: spanIdOf(id),
    name: `${operation} ${model}`,
    kind: 'client',
    startedAt: new Date(createdAt),
    endedAt: new Date(createdAt + call.durationMs),
    errorType: call.error,
    attributes: attributesOf({
      'gen_ai.operation.name': operation,
      ...callAttributes(call),
      'roundhouse.call.status': status,
      'roundhouse.request_id': requestId ?? undefined,
    }),
  }
}
