const accepted = /^[A-Za-z0-9._-]{1,128}$/

/** The caller's id when it is harmless in a log line and a header, else a new one. */
export function requestIdFrom(header: string | string[] | undefined, create: () => string): string {
  return typeof header === 'string' && accepted.test(header) ? header : create()
}
