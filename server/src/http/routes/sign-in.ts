import {
  changePassword,
  currentSession,
  Problem,
  setUp,
  signedIn,
  signIn as signInBody,
  signInOptions,
  signInRedirect,
  signInSocial,
  signUp,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Answer, Visitor } from '../../accounts/sign-in/sign-in.ts'
import { callerOf, headerCredential } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'

/** GitHub is asked three times on the way, for at most 5 s each. */
const callbackTimeoutMs = 16_000

/** What a provider sends; PostgreSQL text cannot hold U+0000. */
const query = z
  .string()
  .max(2000)
  .refine(text => !text.includes('\0'))
  .optional()

/** Signing up, in and out; the paths and bodies are better-auth's where it has them. */
export async function signInRoutes(
  scope: FastifyInstance,
  { signIn, throttle }: Pick<HttpDependencies, 'signIn' | 'throttle'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Sign-in']
  const config = { access: 'public' } as const
  /** Any session, whatever it may do otherwise. */
  const own = { access: 'user', scopes: [] } as const

  app.get(
    '/api/v1/sign-in-options',
    {
      config,
      schema: { tags, summary: 'What sign-in and sign-up accept', response: { 200: signInOptions } },
    },
    () => signIn.options(),
  )

  app.post(
    '/api/v1/setup',
    {
      config,
      schema: { tags, summary: 'Make the first administrator', body: setUp, response: { 201: signedIn } },
    },
    async (request, reply) => answer(reply.code(201), await signIn.setUp(request.body, visitorOf(request))),
  )

  app.post(
    '/api/auth/sign-up/email',
    { config, schema: { tags, summary: 'Make an account', body: signUp, response: { 200: signedIn } } },
    async (request, reply) => answer(reply, await signIn.signUp(request.body, visitorOf(request))),
  )

  app.post(
    '/api/auth/sign-in/email',
    {
      config,
      schema: { tags, summary: 'Sign in with a password', body: signInBody, response: { 200: signedIn } },
    },
    async (request, reply) => answer(reply, await signIn.withPassword(request.body, visitorOf(request))),
  )

  app.post(
    '/api/auth/sign-in/social',
    {
      config,
      schema: {
        tags,
        summary: 'Where to go to sign in with GitHub',
        body: signInSocial,
        response: { 200: signInRedirect },
      },
    },
    async (request, reply) => answer(reply, await signIn.withGithub(request.body, visitorOf(request))),
  )

  app.get(
    '/api/auth/callback/github',
    {
      config,
      handlerTimeout: callbackTimeoutMs,
      schema: {
        tags,
        summary: 'The way back from GitHub: redirects with the session, or with `?error=`',
        querystring: z.object({
          code: query,
          state: query,
          error: query,
          error_description: query,
        }),
        response: { 302: z.null() },
      },
    },
    async (request, reply) => {
      const { cookies, location } = await signIn.githubCallback(request.query, visitorOf(request))
      // The address held a code; it is not told on.
      reply
        .header('set-cookie', cookies)
        .header('referrer-policy', 'no-referrer')
        .header('location', location)
      return reply.code(302).header('cache-control', 'no-store').send(null)
    },
  )

  app.get(
    '/api/auth/get-session',
    { config, schema: { tags, summary: 'Who is signed in, or null', response: { 200: currentSession } } },
    async (request, reply) => {
      const { ip } = request
      const session = sessionTokenOf(request)
      const allowed = session === undefined || throttle.mayTry(ip)
      const current = await signIn.current(allowed ? session : undefined)
      const refusal = session && current.body === null ? throttle.badCredential(ip) : undefined
      if (refusal) throw refusal
      return answer(reply, current)
    },
  )

  app.post(
    '/api/auth/sign-out',
    {
      config: own,
      schema: { tags, summary: 'End this session', response: { 200: z.object({ success: z.boolean() }) } },
    },
    async (request, reply) => {
      sessionTokenOfCaller(request)
      return answer(reply, await signIn.signOut(callerOf(request)))
    },
  )

  app.post(
    '/api/auth/change-password',
    {
      config: own,
      schema: {
        tags,
        summary: 'Change the password; `token` is a new session when the others were ended',
        body: changePassword,
        response: { 200: z.object({ token: z.string().nullable() }) },
      },
    },
    async (request, reply) => {
      const token = sessionTokenOfCaller(request)
      const caller = callerOf(request)
      return answer(reply, await signIn.changePassword(caller, token, request.body, visitorOf(request)))
    },
  )

  function sessionTokenOf(request: FastifyRequest): { token: string; isCookie: boolean } | undefined {
    const credential = headerCredential(request)
    if (credential !== undefined) return { token: credential, isCookie: false }
    const { cookie } = request.headers
    const token = cookie === undefined ? undefined : signIn.sessionTokenFromCookie(cookie)
    return token === undefined ? undefined : { token, isCookie: true }
  }

  function sessionTokenOfCaller(request: FastifyRequest): string {
    const { kind } = callerOf(request)
    const session = kind === 'session' ? sessionTokenOf(request) : undefined
    if (!session)
      throw new Problem('forbidden', 'Only a session may do this: sign in, and send its token or cookie.')
    return session.token
  }
}

function visitorOf({ ip, headers }: FastifyRequest): Visitor {
  return { address: ip, headers }
}

/** The schema of the reply takes away what better-auth says more. */
function answer(reply: FastifyReply, { body, cookies }: Answer): FastifyReply {
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  return reply.header('cache-control', 'no-store').send(body)
}
