/** Load balancers go on sending for a moment after readiness has gone. */
const deployedGraceMs = 5000
/** Of the time for requests, what a run needs to be handed over and its reader to be told so. */
const handOverMs = 2000
/** What writing the history, letting models go and closing connections needs after the last answer. */
const closingMs = 8000

/**
 * How long each phase of a stop may take, in milliseconds; together they are `drainMs`. Requests in flight get all
 * that the others do not need, and at least half of what the grace leaves; `answersMs` of that is for agents that somebody
 * waits for.
 */
export function stopLimits(
  drainMs: number,
  deployed: boolean,
): { graceMs: number; httpMs: number; answersMs: number; modelsMs: number; connectionsMs: number } {
  const graceMs = deployed && drainMs >= 12_000 ? deployedGraceMs : 0
  const restMs = drainMs - graceMs
  const httpMs = Math.max(restMs / 2, restMs - closingMs)
  const modelsMs = ((restMs - httpMs) * 5) / 8
  const answersMs = Math.max(0, httpMs - handOverMs)
  return { graceMs, httpMs, answersMs, modelsMs, connectionsMs: restMs - httpMs - modelsMs }
}
