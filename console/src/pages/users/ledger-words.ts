/** The run or job that a line of the ledger paid for: `run:<id>`, `run:<id>:3:20`, `job:<id>`. */
export function workOf(reference: string): { kind: 'run' | 'job'; id: string } | undefined {
  const [, kind, id] = /^(run|job):([0-9a-f-]{36})(?::|$)/.exec(reference) ?? []
  if ((kind !== 'run' && kind !== 'job') || id === undefined) return undefined
  return { kind, id }
}

/** Without the id of the work, which stands beside it. */
export function reasonInWords(reason: string): string {
  return reason.replace(/ ?\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, '').trim() || reason
}
