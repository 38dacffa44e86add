import { storableJson, storableText } from '../storable.ts'
import type { RunStep } from '../stream.ts'

/** A row of `run_steps`, for JSON. */
export function stepRow(runId: string, step: RunStep) {
  return {
    run_id: runId,
    n: step.n,
    step: step.step,
    kind: step.kind,
    name: storableText(step.name),
    status: step.status,
    attempt: step.attempt,
    call_id: step.callId === null ? null : storableText(step.callId),
    // Text within the JSON: Postgres takes no \u0000 apart, and keeps it in a column of the type json.
    message: step.message && JSON.stringify(step.message),
    input_tokens: step.usage.inputTokens,
    output_tokens: step.usage.outputTokens,
    is_estimated: step.usage.isEstimated,
    credits: step.credits,
    cost_micros: Math.round(step.costMicros),
    first_token_ms: step.firstTokenMs,
    error: step.error === null ? null : storableText(step.error),
    attributes: storableJson(step.attributes),
    started_at: step.startedAt,
    ended_at: step.endedAt,
  }
}
