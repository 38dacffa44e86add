import {
  createAuthorizationURL,
  getOAuth2Tokens,
  type OAuth2Tokens,
  type OAuthProvider,
} from 'better-auth/oauth2'
import { z } from 'zod'
import type { Log } from '../../kit/log.ts'

const callTimeoutMs = 5000

const tokenReply = z.looseObject({ access_token: z.string().min(1) })
const userReply = z.object({
  id: z.int().positive(),
  login: z.string(),
  name: z.string().nullish(),
  email: z.string().nullish(),
  avatar_url: z.string().nullish(),
})
const emailsReply = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))

/** What GitHub says about who signs in. `email` is lower case. */
export type GithubProfile = {
  accountId: string
  name: string
  email: string | null
  emailVerified: boolean
  image: string | null
}

export type GithubOptions = {
  clientId: string
  clientSecret: string
  /** Where people sign in, and the API; other than GitHub's own for GitHub Enterprise. */
  url: string
  apiUrl: string
}

/**
 * GitHub as a provider of better-auth, whose own one has fixed addresses. `arrive` is told who comes before better-auth
 * looks for their account.
 * Source: docs.github.com, "Authorizing OAuth apps" and "REST API endpoints for users / emails".
 */
export function createGithub(
  { clientId, clientSecret, url, apiUrl }: GithubOptions,
  arrive: (profile: GithubProfile) => Promise<void>,
  log: Log,
): OAuthProvider<{ id: string }> {
  const options = { clientId, clientSecret }
  const base = url.replace(/\/$/, '')
  const api = apiUrl.replace(/\/$/, '')

  async function exchange(code: string, codeVerifier: string | undefined, redirectUri: string) {
    const reply = await call(`${base}/login/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        code,
        redirect_uri: redirectUri,
        ...(codeVerifier === undefined ? {} : { code_verifier: codeVerifier }),
      }),
    })
    // A code that is not valid is answered 200 with `error`.
    const token = tokenReply.safeParse(reply)
    return token.success ? getOAuth2Tokens(token.data) : null
  }

  async function profileOf({ accessToken }: OAuth2Tokens): Promise<GithubProfile> {
    const headers = { authorization: `Bearer ${accessToken}` }
    const user = userReply.parse(await call(`${api}/user`, { headers }))
    const emails = emailsReply.parse(await call(`${api}/user/emails`, { headers }))
    // The address of the public profile need not be a verified one, so the list decides.
    const email =
      emails.find(entry => entry.primary && entry.verified) ??
      emails.find(entry => entry.verified) ??
      emails.find(entry => entry.primary)
    return {
      accountId: String(user.id),
      name: (user.name?.trim() || user.login).slice(0, 100),
      email: email?.email.toLowerCase() ?? null,
      emailVerified: email?.verified ?? false,
      image: user.avatar_url ?? null,
    }
  }

  return {
    id: 'github',
    name: 'GitHub',
    accountSubject: ({ profile }) => profile.id,
    createAuthorizationURL: ({ state, codeVerifier, redirectURI }) =>
      createAuthorizationURL({
        id: 'github',
        options,
        authorizationEndpoint: `${base}/login/oauth/authorize`,
        scopes: ['read:user', 'user:email'],
        state,
        codeVerifier,
        redirectURI,
      }),
    validateAuthorizationCode: ({ code, codeVerifier, redirectURI }) =>
      exchange(code, codeVerifier, redirectURI),
    async getUserInfo(tokens) {
      const profile = await profileOf(tokens).catch(error => {
        log.warn('github-profile-fail', { err: error })
        return null
      })
      if (!profile) return null
      await arrive(profile)
      const { accountId, name, email, emailVerified, image } = profile
      return {
        user: { name, email, emailVerified, ...(image === null ? {} : { image }) },
        data: { id: accountId },
      }
    },
    // Whoever has no account here gets one from `arrive`, or none.
    options: { ...options, disableSignUp: true },
  }
}

/** @throws Error when GitHub does not answer with JSON in time; holds neither the code nor the token. */
async function call(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, {
    ...init,
    redirect: 'error',
    signal: AbortSignal.timeout(callTimeoutMs),
    headers: { accept: 'application/json', 'user-agent': 'roundhouse', ...init.headers },
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`${new URL(url).pathname} was answered ${response.status}.`)
  }
  return response.json()
}
