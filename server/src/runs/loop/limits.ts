import type { Run, RunStop } from '../run.ts'
import type { RunStep, RunTotals } from '../stream.ts'

const defaultMaxSteps = 20

/** The limit that forbids another turn; null while there is none. That of credits is the meter's. */
export function limitReached(
  { config }: Pick<Run, 'config'>,
  { turns, totals, isOver }: { turns: number; totals: RunTotals; isOver: boolean },
): RunStop | null {
  const { max_steps = defaultMaxSteps, max_total_tokens } = config.limits
  const { inputTokens, outputTokens } = totals.usage
  if (turns >= max_steps) return 'steps'
  if (typeof max_total_tokens === 'number' && inputTokens + outputTokens >= max_total_tokens) return 'tokens'
  return isOver ? 'seconds' : null
}

/** What is left of the agent's `max_seconds`; null without a limit. Waiting for a person or a worker is no work. */
export function workLeftMs({ config }: Pick<Run, 'config'>, steps: readonly RunStep[]): number | null {
  const seconds = config.limits.max_seconds
  return typeof seconds === 'number' ? Math.max(0, seconds * 1000 - workedMs(steps)) : null
}

/** Tools that ran side by side count once. */
function workedMs(steps: readonly RunStep[]): number {
  let worked = 0
  let countedTo = 0
  for (const { startedAt, endedAt } of steps.toSorted(
    (a, b) => a.startedAt.getTime() - b.startedAt.getTime(),
  )) {
    if (endedAt === null) continue
    const from = Math.max(startedAt.getTime(), countedTo)
    worked += Math.max(0, endedAt.getTime() - from)
    countedTo = Math.max(countedTo, endedAt.getTime())
  }
  return worked
}
