import { Problem } from '@roundhouse/sdk/contract'

/** The same for an unknown user, a wrong password, an account without one, and what cannot be an address. */
const wrongCredentials = 'The e-mail address and the password do not belong together.'

/** Said by our own hook, when the password was right. */
export const bannedCode = 'account_suspended'

/** better-auth's codes (`@better-auth/core/error`) in our terms. */
const problems: Readonly<Record<string, () => Problem>> = {
  INVALID_EMAIL_OR_PASSWORD: () => new Problem('invalid-credentials', wrongCredentials),
  INVALID_EMAIL: () => new Problem('invalid-credentials', wrongCredentials),
  PASSWORD_TOO_LONG: () => new Problem('invalid-credentials', wrongCredentials),
  INVALID_PASSWORD: () => new Problem('invalid-credentials', 'The current password is not right.'),
  CREDENTIAL_ACCOUNT_NOT_FOUND: () =>
    new Problem('conflict', 'This account has no password here: it signs in with GitHub.'),
  UNAUTHORIZED: () => new Problem('unauthenticated', 'The session has ended. Sign in again.'),
  PROVIDER_NOT_FOUND: () => new Problem('resource-not-found', 'Sign-in with GitHub is not set up here.'),
  [bannedCode]: () => new Problem('forbidden', 'This account is suspended. Ask an administrator.'),
  INVALID_CALLBACK_URL: () => foreignUrl('callbackURL'),
  INVALID_ERROR_CALLBACK_URL: () => foreignUrl('errorCallbackURL'),
}

/** The problem for an answer of better-auth that is neither a success nor a redirect. */
export function refusal(status: number, body: unknown): Error {
  const code =
    typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
      ? body.code
      : 'none'
  return problems[code]?.() ?? new Error(`better-auth answered ${status} with the code ${code}.`)
}

function foreignUrl(field: string): Problem {
  return new Problem(
    'invalid-request',
    `${field}: must be a path that begins with /, or lie on this server or an origin of CORS_ORIGINS.`,
  )
}
