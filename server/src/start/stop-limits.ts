/** Load balancers go on sending for a moment after readiness has gone. */
const deployedGraceMs = 5000
/** What writing the history, letting models go and closing connections needs after the last answer. */
const closingMs = 8000

/**
 * How long each phase of a stop may take, in milliseconds; together they are `drainMs`. Requests in flight get all
 * that the others do not need, and at least half of what the grace leaves.
 */
export function stopLimits(
  drainMs: number,
  deployed: boolean,
): { graceMs: number; httpMs: number; modelsMs: number; connectionsMs: number } {
  const graceMs = deployed && drainMs >= 12_000 ? deployedGraceMs : 0
  const restMs = drainMs - graceMs
  const httpMs = Math.max(restMs / 2, restMs - closingMs)
  const modelsMs = ((restMs - httpMs) * 5) / 8
  return { graceMs, httpMs, modelsMs, connectionsMs: restMs - httpMs - modelsMs }
}
