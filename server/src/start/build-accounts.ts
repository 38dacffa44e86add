import { createAccounts } from '../accounts/accounts.ts'
import { createKeys } from '../accounts/keys.ts'
import type { GithubOptions } from '../accounts/sign-in/github.ts'
import { createPasswords } from '../accounts/sign-in/password.ts'
import { createSignIn } from '../accounts/sign-in/sign-in.ts'
import { createThrottle } from '../accounts/throttle.ts'
import { issuersFrom } from '../accounts/tokens/issuers.ts'
import { createTokenVerifier } from '../accounts/tokens/verify.ts'
import { fetchJson } from '../adapters/jwks/fetch-json.ts'
import { systemClock as clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Ground, HouseKeys } from './choose.ts'
import { isDeployed } from './config.ts'
import type { Config } from './settings.ts'

/** Who is calling: sign-in, foreign tokens, keys. `changed` is told of whoever has other rights from now on. */
export async function buildAccounts(config: Config, ground: Ground, keys: HouseKeys, ids: Ids, log: Log) {
  const { database, bus, counters } = ground
  // Deployed there is TLS in front, and cookies are made for it.
  const scheme = isDeployed(config) ? 'https' : 'http'
  const publicUrl = (config.PUBLIC_URL ?? `${scheme}://localhost:${config.PORT}`).replace(/\/$/, '')
  if (isDeployed(config) && config.PUBLIC_URL === undefined)
    log.warn('public-url-missing', { detail: 'Links and sign-in with GitHub need PUBLIC_URL.' })
  const throttle = createThrottle({ counters })
  const secretKeys = keys.secret.split(',').map(key => key.trim())
  // Calls between the two: accounts read sessions, and what ends a session ends what accounts remember.
  const changed = (id: string) => accounts.changed(id)
  const signIn = createSignIn({
    database,
    throttle,
    passwords: createPasswords(),
    ids,
    clock,
    log,
    changed,
    publicUrl,
    secretKey: secretKeys[0] ?? keys.secret,
    trustedOrigins: config.CORS_ORIGINS,
    cookiesCrossSite: config.COOKIES_CROSS_SITE,
    signUp: config.SIGN_UP,
    defaultPlan: config.DEFAULT_PLAN,
    github: githubApp(config),
  })
  const accounts = createAccounts({
    database,
    bus,
    clock,
    log,
    serviceKeys: [keys.serviceRole, config.SUPABASE_SERVICE_ROLE_KEY ?? []].flat(),
    backendSecret: config.RAILWAY_BACKEND_SECRET,
    verifier: createTokenVerifier({ issuers: issuersFrom(config), fetchJson, clock, log }),
    defaultPlan: config.DEFAULT_PLAN,
    sessionOf: signIn.sessionOf,
  })
  await accounts.assertDefaultPlan()
  const apiKeys = createKeys({ database, ids, clock, revoked: changed })
  return { publicUrl, secretKeys, throttle, signIn, accounts, apiKeys, changed }
}

function githubApp(config: Config): GithubOptions | undefined {
  const { GITHUB_ID: clientId, GITHUB_SECRET: clientSecret, GITHUB_URL: url, GITHUB_API_URL: apiUrl } = config
  return clientId !== undefined && clientSecret !== undefined
    ? { clientId, clientSecret, url, apiUrl }
    : undefined
}
