import { betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import type { OAuthProvider } from 'better-auth/oauth2'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import type { Passwords } from './password.ts'
import { bannedCode } from './refusal.ts'
import type { SessionCookie } from './session-cookie.ts'
import { withHashedSessionTokens } from './session-tokens.ts'
import { sessionSeconds } from './sessions.ts'
import { createSignInStore, type SignInTables } from './store.ts'

/** The address of the visitor, as our own door knows it. */
export const addressHeader = 'x-roundhouse-address'

const times = { createdAt: 'created_at', updatedAt: 'updated_at' }

/**
 * better-auth over our tables. It checks passwords, carries the state of a sign-in at GitHub, and makes sessions; the
 * accounts themselves are made in `newcomers.ts`, so that an account, its invitation and its role are one transaction.
 */
export function createAuth(dependencies: {
  database: Database<SignInTables>
  passwords: Passwords
  cookie: SessionCookie
  github: OAuthProvider<{ id: string }> | undefined
  ids: Ids
  log: Log
  publicUrl: string
  secretKey: string
  trustedOrigins: readonly string[]
}): (request: Request) => Promise<Response> {
  const { database, passwords, cookie, github, ids, log, publicUrl, secretKey } = dependencies
  const store = createSignInStore(database.system)

  const auth = betterAuth({
    appName: 'Roundhouse',
    baseURL: publicUrl,
    basePath: '/api/auth',
    // A list, so that no variable of better-auth's own takes its place.
    secrets: [{ version: 1, value: secretKey }],
    trustedOrigins: [...dependencies.trustedOrigins],
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    database: { db: database.system, type: 'postgres', transaction: true },
    user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...times } },
    session: {
      modelName: 'sessions',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
      expiresIn: sessionSeconds,
      // `sessions.ts` renews them.
      disableSessionRefresh: true,
    },
    account: {
      modelName: 'identities',
      fields: {
        userId: 'user_id',
        providerId: 'provider_id',
        accountId: 'account_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...times,
      },
      encryptOAuthTokens: true,
      // Linked only when both sides have verified the address: else whoever signed up first with another's address
      // would own what its owner later signs in to.
      accountLinking: { enabled: true, trustedProviders: [], requireLocalEmailVerified: true },
    },
    verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', ...times } },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 8,
      maxPasswordLength: 128,
      password: passwords,
    },
    databaseHooks: {
      session: {
        create: {
          async before({ userId }, context) {
            // A change of password makes its session in a transaction, which must not wait for a second connection;
            // and whoever changes it has just been let in.
            if (context?.path === '/change-password') return
            if (await store.isBanned(userId))
              throw new APIError('FORBIDDEN', { code: bannedCode, message: 'suspended' })
          },
        },
      },
    },
    advanced: {
      database: { generateId: () => ids.uuid(), validateSchema: false },
      // The name has the prefix already.
      useSecureCookies: false,
      cookiePrefix: cookie.prefix,
      cookies: { session_token: { name: cookie.name } },
      defaultCookieAttributes: cookie.attributes,
      ipAddress: { ipAddressHeaders: [addressHeader], ipv6Subnet: 128 },
      // Else it depends on NODE_ENV.
      disableOriginCheck: false,
      disableCSRFCheck: false,
    },
    onAPIError: { throw: true, errorURL: `${publicUrl}/sign-in` },
    logger: {
      level: 'error',
      // Its further arguments may hold states and tokens.
      log: (_level, message, ...rest: unknown[]) =>
        log.warn('sign-in-library-error', {
          message: message.slice(0, 200),
          reason: rest.find(part => part instanceof Error)?.message,
        }),
    },
    plugins: [
      {
        id: 'roundhouse',
        init: context => ({
          context: {
            adapter: withHashedSessionTokens(context.adapter),
            socialProviders: github ? [github] : [],
          },
        }),
      },
    ],
  })
  return auth.handler
}
