import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Accounts, Caller } from '../accounts/accounts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on public routes without a valid credential. */
    caller: Caller | undefined
  }
  interface FastifyContextConfig {
    /** No credential is asked for: health, documentation, the console's page. One that is not valid is ignored. */
    public?: boolean
  }
}

/** Before the body is read, so that a stranger cannot make us read one. */
export function registerAuthentication(app: FastifyInstance, { accounts }: { accounts: Accounts }): void {
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return done()
    const credential = credentialOf(request)
    const caller = credential === undefined ? undefined : accounts.identify(credential)
    if (caller) {
      request.caller = caller
      return done()
    }
    if (request.routeOptions.config.public) return done()
    reply.header('www-authenticate', 'Bearer realm="roundhouse"')
    done(
      new Problem(
        'unauthenticated',
        credential === undefined
          ? 'This path needs a key: send Authorization: Bearer <key>, or x-api-key: <key>.'
          : 'The key is not valid. `roundhouse start` prints the one of a development server.',
      ),
    )
  })
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Problem('unauthenticated', 'This path needs a key.')
  return request.caller
}

function credentialOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  const key = request.headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}
