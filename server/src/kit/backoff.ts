/** Milliseconds before try number `attempt` (1, 2, ...): doubles from `firstMs` up to `maxMs`. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(30, Math.max(0, attempt - 1)))
}
