import { Problem, type Scope } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import { type Caller, mayEverything } from '../accounts/caller.ts'
import type { Throttle } from '../accounts/throttle.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on public routes without a credential that is known. */
    caller: Caller | undefined
  }
  interface FastifyContextConfig {
    /**
     * `public`: no credential is asked for, and one that is not known is ignored (health, documentation, pages).
     * `anyone`: without a credential the caller is anonymous, and the room decides by what is public.
     * `user`, the default: signed in. `admin`: administrators and the service-role key.
     */
    access?: 'public' | 'anyone' | 'user' | 'admin'
    /** With `anyone`: a credential that is not known counts as none. Clients of a public bucket may send any. */
    strangersAreAnonymous?: boolean
    /** Any one of them suffices. Default: `read` for GET and HEAD, else `admin`, which implies all others. */
    scopes?: readonly Scope[]
    /** The secret of agent backends opens it; all others it does not. */
    forBackends?: boolean
  }
}

type AuthenticationOptions = {
  accounts: Accounts
  throttle: Throttle
  /** Gives the session's token of a cookie header whose signature is ours. */
  sessionTokenFromCookie: (header: string) => string | undefined
  /** Origins whose pages may act for a user by their cookie. */
  trustedOrigins: readonly string[]
}

const readScopes: readonly Scope[] = ['read']
const changeScopes: readonly Scope[] = ['admin']

/** Before the body is read, so that a stranger cannot make us read one. */
export function registerAuthentication(app: FastifyInstance, options: AuthenticationOptions): void {
  const { accounts, throttle, sessionTokenFromCookie } = options
  const trustedOrigins = new Set(options.trustedOrigins)
  app.decorateRequest('caller', undefined)

  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404) return done()
    const { access = 'user' } = request.routeOptions.config
    try {
      if (access === 'public') {
        const credential = headerCredential(request)
        const known = credential === undefined ? undefined : accounts.identifyFromMemory(credential)
        if (known && !(isServerOnly(known) && comesFromBrowser(request))) request.caller = known
        return done()
      }
      const found = identify(request)
      if (!(found instanceof Promise)) return done(admit(request, found))
      found.then(caller => done(admit(request, caller)), done)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  })

  /** Undefined: no credential, or one that is not valid. */
  function identify(request: FastifyRequest): Caller | undefined | Promise<Caller | undefined> {
    const secret = request.headers['x-railway-secret']
    if (typeof secret === 'string') return accounts.identifyBackend(secret)
    const credential = headerCredential(request)
    if (credential !== undefined) {
      if (credential === '') return undefined
      // Whoever guesses gets no more tries; what was good before is not kept out by others at its address.
      return throttle.mayTry(request.ip) || accounts.wasGood(credential)
        ? accounts.identify(credential)
        : undefined
    }
    const { cookie } = request.headers
    const token = cookie === undefined ? undefined : sessionTokenFromCookie(cookie)
    if (token === undefined) return undefined
    refuseOtherSites(request)
    return accounts.identify(token)
  }

  /** What keeps the request out, or undefined. Sets the caller. */
  function admit(request: FastifyRequest, found: Caller | undefined): Problem | undefined {
    const {
      access = 'user',
      scopes,
      strangersAreAnonymous = false,
      forBackends,
    } = request.routeOptions.config
    const mayBeAnonymous = access === 'anyone' && (strangersAreAnonymous || !hasCredential(request))
    const caller = found ?? (mayBeAnonymous ? accounts.anonymous(request.ip) : undefined)
    if (!caller) return refuse(request)
    request.caller = caller
    if (isServerOnly(caller) && comesFromBrowser(request))
      return new Problem(
        'browser-refused',
        'This key is for servers only and must never reach a page. Sign the user in, and send their token.',
      )
    if (caller.kind === 'backend-secret' && !forBackends)
      return new Problem(
        'forbidden',
        'The secret of an agent backend opens /api/agent/execute-validated alone.',
      )
    if (access === 'admin' && !mayEverything(caller))
      return new Problem('forbidden', 'Only administrators may do this.')
    const needed =
      scopes ?? (request.method === 'GET' || request.method === 'HEAD' ? readScopes : changeScopes)
    if (needed.length > 0 && !needed.some(scope => caller.scopes.has(scope)))
      return new Problem('forbidden', `This needs a credential with the scope ${needed.join(' or ')}.`)
    return undefined
  }

  function refuse(request: FastifyRequest): Problem {
    if (!hasCredential(request))
      return new Problem(
        'unauthenticated',
        'This path needs a credential: send Authorization: Bearer <key or token>, or x-api-key: <key>.',
      )
    const tooMany = throttle.badCredential(request.ip)
    return (
      tooMany ??
      new Problem(
        'unauthenticated',
        'The credential is not valid: unknown, expired or revoked. Sign in again, or use another key.',
      )
    )
  }

  /** A page of another site could otherwise act with the cookie that the browser adds by itself. */
  function refuseOtherSites({ method, headers }: FastifyRequest): void {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return
    if (headers['sec-fetch-site'] === 'same-origin') return
    if (headers.origin !== undefined && trustedOrigins.has(headers.origin)) return
    throw new Problem(
      'cross-site',
      'A change by cookie must come from a page of this server or of an origin in CORS_ORIGINS. Send the token as Authorization: Bearer instead.',
    )
  }
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Problem('unauthenticated', 'This path needs a credential.')
  return request.caller
}

/** Undefined without one; empty when it has a form that no credential has. */
export function headerCredential(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  const key = request.headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}

/** A cookie that is not ours is no credential: browsers send whatever the host once set. */
export function hasCredential({ headers }: FastifyRequest): boolean {
  return (
    headers.authorization !== undefined ||
    headers['x-api-key'] !== undefined ||
    headers['x-railway-secret'] !== undefined
  )
}

/** Keys of the house too: they act for no user. */
function isServerOnly({ role }: Caller): boolean {
  return role === 'service'
}

/** Browsers add these by themselves, and no page can take them away. */
function comesFromBrowser({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
}
