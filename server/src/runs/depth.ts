import { Problem } from '@roundhouse/sdk/contract'

/**
 * Goes with what a run asks of others: it is how many runs stand above one that is begun by it. An agent that reaches this
 * server from outside ends where one does that is asked inside. Whoever leaves it out has runs, not rights.
 */
export const depthHeader = 'roundhouse-depth'

/** Agents that call each other in a circle end here. */
const mostDepth = 4

/** What goes with a request of a run. */
export function depthBelow({ depth }: { readonly depth: number }): Readonly<Record<string, string>> {
  return { [depthHeader]: String(depth + 1) }
}

/** @throws Problem `conflict`. */
export function assertDepth(depth: number): void {
  if (depth > mostDepth) throw new Problem('conflict', `Agents call each other ${mostDepth} deep at most.`)
}

/** Undefined for what is no number. */
export function depthFrom(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,4}$/.test(header) ? Number(header) : undefined
}
