import type { FastifyInstance } from 'fastify'
import type { Log } from '../kit/log.ts'

/** Says once that a proxy stands in front that is not trusted: all its clients then share one address and its limits. */
export function warnOfUntrustedProxy(
  app: FastifyInstance,
  { log, trustedProxies }: { log: Log; trustedProxies: readonly string[] },
): void {
  if (trustedProxies.length > 0) return
  let warned = false
  app.addHook('onRequest', (request, _reply, done) => {
    if (!warned && request.headers['x-forwarded-for'] !== undefined) {
      warned = true
      log.warn('proxy-untrusted', {
        peer: request.ip,
        detail:
          'Requests carry X-Forwarded-For. If this peer is your proxy, set TRUSTED_PROXIES to its address or range; else all its clients share one address and its limits.',
      })
    }
    done()
  })
}
