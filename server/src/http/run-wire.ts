import type { Run as RunBody, Thread } from '@roundhouse/sdk/contract'
import type { RunTraceSpan, RunUsage, RunView, ThreadView } from '../runs/run.ts'

/** A run as the contract shows it. */
export function runBody(run: RunView): RunBody {
  const { id, status, mode, attempt, output, stopped, error, credits } = run
  return {
    id,
    agent_id: run.agentId,
    agent_version: run.agentVersion,
    owner_id: run.ownerId,
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

/** A conversation as the contract shows it. */
export function threadBody({ id, agentId, title, createdAt, usedAt }: ThreadView): Thread {
  return {
    id,
    agent_id: agentId,
    title,
    created_at: createdAt.toISOString(),
    used_at: usedAt.toISOString(),
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
    step: span.step,
    call_id: span.callId,
    attempt: span.attempt,
    attributes: { ...attributes },
  }
}

function usageBody({ inputTokens, outputTokens, isEstimated }: RunUsage): RunBody['usage'] {
  return { input_tokens: inputTokens, output_tokens: outputTokens, estimated: isEstimated }
}
