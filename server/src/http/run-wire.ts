import type { Run as RunBody } from '@roundhouse/sdk/contract'
import type { RunTraceSpan, RunUsage, RunView } from '../runs/run.ts'

/** A run as the contract shows it. */
export function runBody(run: RunView): RunBody {
  const { id, status, mode, attempt, output, stopped, error, credits } = run
  return {
    id,
    agent_id: run.agentId,
    agent_version: run.agentVersion,
    parent_run_id: run.parentId,
    thread_id: run.threadId,
    status,
    mode,
    attempt,
    output,
    stopped,
    error,
    usage: usageBody(run.usage),
    credits,
    time_to_first_token_ms: run.firstTokenMs,
    last_event: run.lastSeq,
    request_id: run.requestId,
    created_at: run.createdAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    finished_at: run.finishedAt?.toISOString() ?? null,
  }
}

/** @param isCostTold What the house pays is its own business. */
export function spanBody(span: RunTraceSpan, isCostTold: boolean) {
  const { id, name, kind, status, usage, credits, error, attributes } = span
  return {
    id,
    parent_id: span.parentId,
    name,
    kind,
    status,
    started_at: span.startedAt.toISOString(),
    duration_ms: span.durationMs,
    time_to_first_token_ms: span.firstTokenMs,
    usage: usage && usageBody(usage),
    credits,
    cost_micros: isCostTold ? span.costMicros : null,
    error,
    attributes: { ...attributes },
  }
}

function usageBody({ inputTokens, outputTokens, isEstimated }: RunUsage): RunBody['usage'] {
  return { input_tokens: inputTokens, output_tokens: outputTokens, estimated: isEstimated }
}
