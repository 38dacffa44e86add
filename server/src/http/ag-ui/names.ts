/**
 * Names that hold in the whole conversation of a client, over many runs, and are the same whenever the run is told: what
 * providers call their calls may be the same in each answer.
 */

export function messageId(runId: string, seq: number): string {
  return `${runId}-${seq}`
}

export function toolCallId(runId: string, { step, id }: { step: number; id: string }): string {
  return `${runId}-${step}-${id}`
}

/** Undefined for what no run of ours made. */
export function runOfToolCall(id: string): string | undefined {
  return /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\d+-/.exec(id)?.[1]
}

/** Whether it is a message of what a run said behind a number. */
export function isSaidBehind(id: string, runId: string, seq: number): boolean {
  if (!id.startsWith(`${runId}-`)) return false
  return Number(id.slice(runId.length + 1)) > seq
}
