import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { keep } from '../../testing/browser.ts'
import { type GithubPerson, standInGithub } from '../../testing/github.ts'
import { accountsDatabase, program, signInRoom } from '../../testing/sign-in.ts'
import { serviceCaller } from '../caller.ts'
import type { SignIn, SignInConfig } from './sign-in.ts'

const database = await accountsDatabase({ after })
const github = await standInGithub({ after })
const password = 'correct horse battery staple'
let nextId = 1

beforeEach(() => {
  github.person = null
})

function room(options: Partial<SignInConfig> = {}) {
  const { clientId, clientSecret, url } = github
  return signInRoom(database, { github: { clientId, clientSecret, url, apiUrl: url }, ...options })
}

function person(login: string, verified = true): GithubPerson {
  nextId += 1
  const email = `${login}@example.com`
  return { id: nextId, login, emails: [{ email: email.toUpperCase(), primary: true, verified }] }
}

/** As a browser: to GitHub and as far as its redirect back. */
async function goToGithub(signIn: SignIn, given: { callbackURL?: string; errorCallbackURL?: string } = {}) {
  const jar = new Map<string, string>()
  const start = await signIn.withGithub({ provider: 'github', ...given }, program)
  keep(jar, start.cookies)
  assert.ok(typeof start.body === 'object' && start.body && 'url' in start.body)
  const page = await fetch(String(start.body.url), { redirect: 'manual' })
  const back = new URL(page.headers.get('location') ?? '')
  assert.equal(back.origin + back.pathname, 'http://localhost:3000/api/auth/callback/github')
  return { jar, query: Object.fromEntries(back.searchParams) }
}

async function comeBack(
  signIn: SignIn,
  { jar, query }: { jar: Map<string, string>; query: Record<string, string> },
): Promise<{ location: string; userId: string | undefined }> {
  const cookie = [...jar].map(pair => pair.join('=')).join('; ')
  const answer = await signIn.githubCallback(query, { ...program, headers: { cookie } })
  keep(jar, answer.cookies)
  const token = signIn.sessionTokenFromCookie([...jar].map(pair => pair.join('=')).join('; '))
  const session = token === undefined ? undefined : await signIn.sessionOf(token)
  return { location: answer.location ?? '', userId: session?.userId }
}

async function throughGithub(signIn: SignIn, given: Parameters<typeof goToGithub>[1] = {}) {
  return comeBack(signIn, await goToGithub(signIn, given))
}

async function userWith(email: string) {
  const { rows } = await sql<{
    id: string
    name: string
    email_verified: boolean
    plan: string
    roles: string[]
  }>`
    select id, name, email_verified, plan, array(select role from user_roles where user_id = id order by role) as roles
    from users where email = ${email}`.execute(database.system)
  return rows[0]
}

test('whoever comes from GitHub for the first time gets an account, and is the same person the next time', async () => {
  const signIn = room({ defaultPlan: 'pro' })
  github.person = { ...person('octo'), name: 'Octo Cat' }
  const first = await throughGithub(signIn, { callbackURL: '/models' })
  assert.equal(first.location, '/models')
  const user = await userWith('octo@example.com')
  assert.equal(first.userId, user?.id)
  assert.deepEqual(user && [user.name, user.email_verified, user.plan], ['Octo Cat', true, 'pro'])
  // Another address and name there: still the same person.
  github.person.emails = [{ email: 'moved@example.com', primary: true, verified: true }]
  const second = await throughGithub(signIn)
  assert.equal(second.location, 'http://localhost:3000')
  assert.equal(second.userId, user?.id)
  assert.equal(await userWith('moved@example.com'), undefined)
})

test('the tokens of GitHub lie encrypted in the database', async () => {
  github.person = person('secret')
  const { userId } = await throughGithub(room())
  const { rows } = await sql<{ access_token: string }>`
    select access_token from identities where user_id = ${userId}`.execute(database.system)
  assert.match(rows[0]?.access_token ?? '', /^\$ba\$1\$[0-9a-f]{80,}$/)
})

test('an address that GitHub has not verified makes no account', async () => {
  github.person = person('unverified', false)
  const { location, userId } = await throughGithub(room(), { errorCallbackURL: '/sign-in?from=test' })
  assert.equal(location, '/sign-in?from=test&error=signup_disabled')
  assert.equal(userId, undefined)
  assert.equal(await userWith('unverified@example.com'), undefined)
})

test('of several addresses the verified one counts', async () => {
  github.person = person('several', false)
  github.person.emails.push({ email: 'good@example.com', primary: false, verified: true })
  const { userId } = await throughGithub(room())
  assert.equal((await userWith('good@example.com'))?.id, userId)
})

test('an account of the same address is not taken over, whichever side has not verified it', async () => {
  const signIn = room()
  for (const [login, here, there] of [
    ['victim', false, true],
    ['target', true, false],
    ['neither', false, false],
  ] as const) {
    const email = `${login}@example.com`
    await signIn.signUp({ email, password, name: login }, program)
    await sql`update users set email_verified = ${here} where email = ${email}`.execute(database.system)
    github.person = person(login, there)
    const { location, userId } = await throughGithub(signIn)
    assert.equal(location, 'http://localhost:3000/sign-in?error=account_not_linked')
    assert.equal(userId, undefined)
  }
})

test('an account whose address both sides have verified is linked', async () => {
  const signIn = room()
  await signIn.signUp({ email: 'both@example.com', password, name: 'Both' }, program)
  await sql`update users set email_verified = true where email = 'both@example.com'`.execute(database.system)
  github.person = person('both')
  const { userId } = await throughGithub(signIn)
  assert.equal(userId, (await userWith('both@example.com'))?.id)
})

test('where sign-up is closed or needs an invitation, GitHub opens no other way in', async () => {
  for (const signUp of ['closed', 'invitation'] as const) {
    const signIn = room({ signUp })
    await signIn.invitations.create(serviceCaller('test'), { email: 'other@example.com', role: 'admin' })
    github.person = person(`stranger-${signUp}`)
    const { location, userId } = await throughGithub(signIn)
    assert.equal(location, 'http://localhost:3000/sign-in?error=signup_disabled')
    assert.equal(userId, undefined)
  }
})

test('whose verified address was invited comes in by GitHub, with the role of the invitation, once', async () => {
  const signIn = room({ signUp: 'invitation' })
  await signIn.invitations.create(serviceCaller('test'), { email: 'guest@example.com', role: 'admin' })
  github.person = person('guest')
  const { userId } = await throughGithub(signIn)
  const user = await userWith('guest@example.com')
  assert.equal(userId, user?.id)
  assert.deepEqual(user?.roles, ['admin', 'member'])
  const [invitation] = (await signIn.invitations.list(serviceCaller('test'))).filter(
    row => row.email === 'guest@example.com',
  )
  assert.ok(invitation?.used_at)
})

test('a callback that this browser did not begin, or that comes twice, signs nobody in', async () => {
  const signIn = room()
  github.person = person('careful')
  const mine = await goToGithub(signIn)
  const foreign = await goToGithub(signIn)
  const mixed = await comeBack(signIn, { jar: new Map(mine.jar), query: foreign.query })
  assert.match(mixed.location, /\?error=state_mismatch$/)
  const bare = await comeBack(signIn, { jar: new Map(), query: mine.query })
  assert.match(bare.location, /\?error=state_mismatch$/)
  assert.equal(await userWith('careful@example.com'), undefined)

  const { query } = await goToGithub(signIn)
  const changed = { jar: new Map(mine.jar), query: { ...mine.query, state: `${query.state}` } }
  assert.match((await comeBack(signIn, changed)).location, /\?error=state_mismatch$/)
  const jar = new Map(mine.jar)
  assert.ok((await comeBack(signIn, mine)).userId)
  assert.match((await comeBack(signIn, { jar, query: mine.query })).location, /\?error=state_mismatch$/)
  assert.match((await comeBack(signIn, { jar: new Map(), query: {} })).location, /\?error=state_not_found$/)
})

test('a code that is wrong, and a person who declines, come back with an error', async () => {
  const signIn = room()
  const declined = await throughGithub(signIn, { errorCallbackURL: '/sign-in' })
  assert.equal(declined.location, '/sign-in?error=access_denied')
  github.person = person('wrong-code')
  const { jar, query } = await goToGithub(signIn)
  const { location } = await comeBack(signIn, { jar, query: { ...query, code: 'guessed' } })
  assert.match(location, /\?error=invalid_code$/)
})

test('a suspended user comes back with an error', async () => {
  const signIn = room()
  github.person = person('suspended')
  await throughGithub(signIn)
  await sql`update users set banned_at = now() where email = 'suspended@example.com'`.execute(database.system)
  const { location, userId } = await throughGithub(signIn)
  assert.match(location, /\?error=account_suspended/)
  assert.equal(userId, undefined)
})

test('the way back leads to this server or a configured origin only', async () => {
  const signIn = room({ trustedOrigins: ['https://app.example.com'] })
  for (const callbackURL of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
  ]) {
    const start = signIn.withGithub({ provider: 'github', callbackURL }, program)
    await assert.rejects(start, error => error instanceof Problem && error.code === 'invalid-request')
    const failed = signIn.withGithub({ provider: 'github', errorCallbackURL: callbackURL }, program)
    await assert.rejects(failed, error => error instanceof Problem && error.code === 'invalid-request')
  }
  github.person = person('away')
  const callbackURL = 'https://app.example.com/done'
  assert.equal((await throughGithub(signIn, { callbackURL })).location, callbackURL)
})

test('without GitHub configured there is no such sign-in', async () => {
  const signIn = signInRoom(database)
  await assert.rejects(
    signIn.withGithub({ provider: 'github' }, program),
    error => error instanceof Problem && error.code === 'resource-not-found',
  )
})
