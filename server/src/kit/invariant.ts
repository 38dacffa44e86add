/** States what must be true; a failure is a bug of ours, never of the caller. */
export function invariant(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${why}`)
}
