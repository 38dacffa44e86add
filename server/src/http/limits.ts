import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { Limits } from '../accounts/limits.ts'

/**
 * Refuses what is more than the caller's plan gives, before the body is read, and says on every limited answer what is
 * left. Must be registered after authentication. A request counts for its caller whatever its path and method are.
 */
export function registerLimits(app: FastifyInstance, { limits }: { limits: Limits }): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { caller } = request
    if (caller === undefined || request.routeOptions.config.access === 'public') return done()
    const decision = limits.check(caller)
    if (decision === undefined) return done()
    reply.header('ratelimit-policy', decision.policyHeader)
    reply.header('ratelimit', decision.limitHeader)
    if (decision.allowed) return done()
    const { retryAfterSeconds } = decision
    done(
      new Problem(
        'rate-limited',
        `The requests of the plan ${caller.plan.name} are used up (${decision.policyHeader}). Try again in ${retryAfterSeconds} seconds.`,
        { retryAfterSeconds },
      ),
    )
  })
}
