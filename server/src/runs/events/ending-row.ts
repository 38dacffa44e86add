import type { Ending } from '../store.ts'

/** What the end of a run changes in its row, for JSON. */
export function endingRow(runId: string, ending: Ending, seq: number) {
  const { usage, output, error } = ending
  return {
    run_id: runId,
    seq,
    status: ending.status,
    output,
    stopped: ending.stopped,
    error,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    is_estimated: usage.isEstimated,
    credits: ending.credits,
    cost_micros: ending.costMicros,
    first_token_ms: ending.firstTokenMs,
  }
}
