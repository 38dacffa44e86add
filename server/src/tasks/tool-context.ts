import type { ToolContext } from '@roundhouse/sdk/config'
import { serviceCaller } from '../accounts/caller.ts'
import type { Outbound } from '../ports/outbound.ts'
import { createTaskFiles } from './files.ts'
import { logOf, predictAs, sqlUntil, type TaskTools } from './lent.ts'

/** A call of a tool by the run of an agent. */
type ToolCall = {
  readonly caller: { readonly userId: string | null }
  readonly signal: AbortSignal
  readonly idempotencyKey: string
  readonly run: { readonly id: string }
}

/** What the code of a tool is lent for one call: what tasks have, and requests that are guarded. */
export function createToolContext(
  lent: TaskTools & { outbound: Pick<Outbound, 'fetch'> },
  tool: string,
  { caller, signal, idempotencyKey, run }: ToolCall,
): ToolContext {
  // Named in the audit log.
  const house = serviceCaller(`tool:${tool}`)
  return {
    callerId: caller.userId,
    idempotencyKey,
    signal,
    sql: sqlUntil(signal, lent.sql),
    files: createTaskFiles({ files: lent.files, caller: house, publicUrl: lent.publicUrl, signal }),
    predict: (model, inputs) => predictAs(lent, house, signal, model, inputs),
    fetch: (url, request = {}) =>
      lent.outbound.fetch(url, {
        ...request,
        signal: request.signal ? AbortSignal.any([signal, request.signal]) : signal,
      }),
    log: logOf(lent.log, { tool, run_id: run.id }),
  }
}
