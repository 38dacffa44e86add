/**
 * Whether the origin of a page is one of the allowed ones: to the letter, or below the host behind `*.` with the same
 * scheme and port. `null`, which is every sandbox and file, never is.
 */
export function isAllowed(allowed: readonly string[], origin: string): boolean {
  return allowed.some(one => (one.includes('*') ? isBelow(one, origin) : one === origin))
}

function isBelow(pattern: string, origin: string): boolean {
  const at = pattern.indexOf('://*.')
  const scheme = pattern.slice(0, at + 3)
  const end = pattern.slice(at + 4)
  if (!origin.startsWith(scheme) || !origin.endsWith(end)) return false
  // Names alone: what else could stand before the end is a user name or another scheme.
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(origin.slice(scheme.length, -end.length))
}
