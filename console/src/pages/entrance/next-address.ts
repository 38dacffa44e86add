/** Where to go after sign-in: an address of this site, never another's. The overview when none is asked for. */
export function nextAddress(asked: string | undefined, origin: string): string {
  if (asked === undefined || !asked.startsWith('/') || !URL.canParse(asked, origin)) return '/'
  const url = new URL(asked, origin)
  return url.origin === origin ? url.pathname + url.search + url.hash : '/'
}
