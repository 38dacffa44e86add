import type { Problem, ProblemCode } from '@roundhouse/sdk/contract'

/** Of JSON-RPC 2.0, section 5.1, where it has one that fits. */
const codes: Partial<Record<ProblemCode, number>> = {
  'invalid-json': -32700,
  'invalid-request': -32600,
  internal: -32603,
}
const otherwise = -32000

/** What is refused before the protocol begins; the id of what was asked is not known then. */
export function mcpBody({ code, message }: Problem, requestId: string): Record<string, unknown> {
  return {
    jsonrpc: '2.0',
    id: null,
    error: { code: codes[code] ?? otherwise, message, data: { code, request_id: requestId } },
  }
}
