import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'

export type GithubPerson = {
  id: number
  login: string
  name?: string | null
  emails: { email: string; primary: boolean; verified: boolean }[]
}

export type StandInGithub = {
  /** For `GITHUB_URL` and `GITHUB_API_URL`. */
  url: string
  clientId: string
  clientSecret: string
  /** Who sits at the browser and agrees to everything from now on; null declines. */
  person: GithubPerson | null
}

type Reply = { status: number; body?: unknown; location?: string }

/**
 * GitHub's endpoints of a web sign-in, on loopback: single-use codes bound to the redirect and its PKCE challenge, and
 * tokens that open the profile. Source: docs.github.com, "Authorizing OAuth apps".
 */
export async function standInGithub(scope: Scope): Promise<StandInGithub> {
  type Grant = { person: GithubPerson; redirectUri: string; challenge: string | null }
  const codes = new Map<string, Grant>()
  const tokens = new Map<string, GithubPerson>()

  function authorize(asked: URLSearchParams): Reply {
    const redirectUri = asked.get('redirect_uri')
    if (
      asked.get('client_id') !== github.clientId ||
      !redirectUri ||
      !asked.get('scope')?.includes('user:email')
    )
      return { status: 404, body: { message: 'Not Found' } }
    const back = new URL(redirectUri)
    back.searchParams.set('state', asked.get('state') ?? '')
    if (github.person) {
      const code = randomUUID()
      codes.set(code, { person: github.person, redirectUri, challenge: asked.get('code_challenge') })
      back.searchParams.set('code', code)
    } else back.searchParams.set('error', 'access_denied')
    return { status: 302, location: back.href }
  }

  function exchange(form: URLSearchParams): Reply {
    const code = form.get('code') ?? ''
    const grant = codes.get(code)
    codes.delete(code)
    const verifier = hash('sha256', form.get('code_verifier') ?? '', 'base64url')
    const fits =
      form.get('client_id') === github.clientId &&
      form.get('client_secret') === github.clientSecret &&
      grant?.redirectUri === form.get('redirect_uri') &&
      (grant.challenge === null || grant.challenge === verifier)
    if (!grant || !fits) return { status: 200, body: { error: 'bad_verification_code' } }
    const token = `gho_${randomUUID()}`
    tokens.set(token, grant.person)
    return {
      status: 200,
      body: { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' },
    }
  }

  function profile(path: string, authorization = ''): Reply {
    const person = tokens.get(authorization.replace(/^Bearer /, ''))
    if (!person) return { status: 401, body: { message: 'Bad credentials' } }
    if (path === '/user/emails') return { status: 200, body: person.emails }
    const { id, login, name = null } = person
    return {
      status: 200,
      body: { id, login, name, email: null, avatar_url: `https://avatars.test/${id}` },
    }
  }

  async function reply(request: IncomingMessage): Promise<Reply> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (pathname === '/login/oauth/authorize') return authorize(searchParams)
    if (pathname === '/login/oauth/access_token') return exchange(new URLSearchParams(await textOf(request)))
    if (pathname.startsWith('/user')) return profile(pathname, request.headers.authorization)
    return { status: 404, body: { message: 'Not Found' } }
  }

  const { url } = await httpServer(scope, async (request, response) => {
    const { status, body, location } = await reply(request)
    response.writeHead(status, location ? { location } : { 'content-type': 'application/json' })
    response.end(location ? '' : JSON.stringify(body))
  })

  const github: StandInGithub = {
    url,
    clientId: 'test-client',
    clientSecret: 'test-client-secret',
    person: null,
  }
  return github
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
