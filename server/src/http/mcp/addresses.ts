import { isIP } from 'node:net'
import { Problem } from '@roundhouse/sdk/contract'

/** `host` with the port, as a proxy tells it that is trusted. */
type Addressed = { readonly host: string; readonly headers: { readonly origin?: string | undefined } }

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
/** Names of one label, and those that no public server of names knows. Source: RFC 6762, 8375, ICANN on `.internal`. */
const privateName = /^[a-z0-9_-]+$|\.(internal|local|localhost|home\.arpa)$/

/**
 * Keeps out pages that reach this server by a name of their own (DNS rebinding), and pages of other origins. A name that
 * such an attack could use is one that everyone can look up, so numbers and private names pass. Requests without an
 * origin come from no page.
 * @throws Problem `forbidden`.
 */
export function createAddressGuard({
  publicUrl,
  corsOrigins,
}: {
  publicUrl: string
  corsOrigins: readonly string[]
}): (request: Addressed) => void {
  const origins = new Set([publicUrl, ...corsOrigins].map(url => new URL(url).origin))
  const names = new Set([...origins].map(origin => new URL(origin).hostname))

  return ({ host, headers: { origin } }) => {
    const name = hostnameOf(host)
    if (name === undefined || !(names.has(name) || isNumber(name) || privateName.test(name)))
      throw new Problem(
        'forbidden',
        'This server is not known by the name in Host. PUBLIC_URL says its name.',
      )
    if (origin === undefined || origins.has(origin) || isOwnPage(origin, host, name)) return
    throw new Problem('forbidden', 'Pages of this origin may not call; CORS_ORIGINS lists those that may.')
  }
}

/** Of the same address; on the user's own machine of any port, where developers' tools are. */
function isOwnPage(origin: string, host: string, name: string): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return false
  return page.host === host.toLowerCase() || (loopback.has(name) && loopback.has(page.hostname))
}

function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`
  return host !== '' && URL.canParse(url) ? new URL(url).hostname : undefined
}

function isNumber(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
