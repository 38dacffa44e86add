/**
 * A file of this server by the origin of the page. What the server is called outside (`PUBLIC_URL`) is for others, and may
 * not be reached from here: another port, a tunnel.
 */
export function ownAddress(url: string): string {
  const { pathname, search } = new URL(url, location.origin)
  return pathname + search
}
