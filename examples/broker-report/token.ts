/**
 * A token as Supabase Auth gives one to who signs in, to try the example without a project of your own: `node token.ts`.
 * A front end has it from `supabase.auth.getSession()`.
 */
import { createHmac } from 'node:crypto'

export type Project = { url: string; jwtSecret: string }

/** The broker of `seed.ts`. */
export const brokerId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'

/** Signed with the secret of the project (HS256), good for an hour. */
export function tokenOf({ url, jwtSecret }: Project, userId: string): string {
  const seconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: `${url}/auth/v1`,
    aud: 'authenticated',
    role: 'authenticated',
    sub: userId,
    email: `${userId.slice(0, 8)}@example.com`,
    iat: seconds,
    exp: seconds + 3600,
  }
  const content = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${content}.${createHmac('sha256', jwtSecret).update(content).digest('base64url')}`
}

if (import.meta.main) {
  const { SUPABASE_URL: url, SUPABASE_JWT_SECRET: jwtSecret } = process.env
  if (!url || !jwtSecret) throw new Error('Set SUPABASE_URL and SUPABASE_JWT_SECRET as the server has them.')
  console.log(tokenOf({ url, jwtSecret }, process.argv[2] ?? brokerId))
}
