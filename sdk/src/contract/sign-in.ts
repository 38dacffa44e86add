import { z } from 'zod'
import { label } from './account.ts'

export const email = z.email().max(254).toLowerCase()
/** Long enough to resist guessing; longer than 128 only costs time to hash. */
export const password = z.string().min(8).max(128)

/** Body of `POST /api/auth/sign-up/email`. `invitation` is the token of an invitation link. */
export const signUp = z.strictObject({
  email,
  password,
  name: label(100),
  invitation: z.string().max(200).optional(),
})

/** Body of `POST /api/auth/sign-in/email`. */
export const signIn = z.strictObject({
  email: z.string().max(254),
  password: z.string().max(1000),
  rememberMe: z.boolean().optional(),
})

const signedInUser = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  image: z.string().nullish(),
})

/** `token` is a bearer token; the same session also comes as a cookie. */
export const signedIn = z.object({ token: z.string(), user: signedInUser })

/** Body of `POST /api/auth/sign-in/social`. `callbackURL` is where the browser goes afterwards. */
export const signInSocial = z.strictObject({
  provider: z.enum(['github']),
  callbackURL: z.string().max(2000).optional(),
  errorCallbackURL: z.string().max(2000).optional(),
})

/** Where the browser must go to sign in. */
export const signInRedirect = z.object({ url: z.string(), redirect: z.boolean() })

/** Body of `POST /api/auth/change-password`. */
export const changePassword = z.strictObject({
  currentPassword: z.string().max(1000),
  newPassword: password,
  revokeOtherSessions: z.boolean().optional(),
})

/** Reply of `GET /api/auth/get-session`: null when nobody is signed in. */
export const currentSession = z
  .object({ user: signedInUser, session: z.object({ id: z.uuid(), expiresAt: z.string() }) })
  .nullable()

/** What sign-in and sign-up accept here. Reply of `GET /api/v1/sign-in-options`. */
export const signInOptions = z.object({
  sign_up: z.enum(['open', 'invitation', 'closed']),
  github: z.boolean(),
  /** True until the first administrator is made by the link that the server printed at its first start. */
  needs_setup: z.boolean(),
})

/** Body of `POST /api/v1/setup`: makes the first administrator. `token` is in the link printed at the first start. */
export const setUp = z.strictObject({ token: z.string().max(200), email, password, name: label(100) })

export type SignUp = z.input<typeof signUp>
export type SignIn = z.input<typeof signIn>
export type SignedIn = z.infer<typeof signedIn>
export type SignInOptions = z.infer<typeof signInOptions>
export type SignInRedirect = z.infer<typeof signInRedirect>
export type ChangePassword = z.input<typeof changePassword>
export type CurrentSession = z.infer<typeof currentSession>
export type SetUp = z.input<typeof setUp>
