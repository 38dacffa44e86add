import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import type { Log, LogFields } from '../../kit/log.ts'
import { createBrowser } from '../../testing/browser.ts'
import { standInGithub } from '../../testing/github.ts'
import { testHouse } from '../../testing/house.ts'

const github = await standInGithub({ after })
const origin = 'https://app.example.com'
const lines: string[] = []
const write = (event: string, fields?: LogFields) => {
  lines.push(`${event} ${inspect(fields, { depth: 6 })}`)
}
const log: Log = { debug: write, info: write, warn: write, error: write }
const house = await testHouse(
  { after },
  {
    GITHUB_ID: github.clientId,
    GITHUB_SECRET: github.clientSecret,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.url,
    PUBLIC_URL: 'https://models.example.com',
    CORS_ORIGINS: origin,
  },
  { log },
)
const password = 'correct horse battery staple'

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json()
  assert.ok(typeof body === 'object' && body !== null)
  return { ...body }
}

test('an account is made, signed in to and out of, by token', async () => {
  const given = { email: 'ada@example.com', password, name: 'Ada' }
  const made = await house.anonymous('/api/auth/sign-up/email', post(given))
  assert.equal(made.status, 200)
  assert.equal(made.headers.get('cache-control'), 'no-store')
  const { user, token } = await json(made)
  assert.deepEqual(Object.keys(Object(user)).sort(), ['email', 'id', 'image', 'name'])

  const headers = { authorization: `Bearer ${token}` }
  assert.equal((await json(await house.anonymous('/api/v1/me', { headers }))).email, 'ada@example.com')
  const session = await json(await house.anonymous('/api/auth/get-session', { headers }))
  assert.deepEqual(session.user, user)
  const out = await house.anonymous('/api/auth/sign-out', { method: 'POST', headers })
  assert.deepEqual([out.status, await json(out)], [200, { success: true }])
  assert.equal((await house.anonymous('/api/v1/me', { headers })).status, 401)
  assert.equal(await (await house.anonymous('/api/auth/get-session', { headers })).text(), 'null')

  const wrong = await house.anonymous('/api/auth/sign-in/email', post({ email: given.email, password: 'x' }))
  const unknown = await house.anonymous(
    '/api/auth/sign-in/email',
    post({ email: 'no@example.com', password: 'x' }),
  )
  assert.deepEqual([wrong.status, unknown.status], [401, 401])
  const { request_id: _wrong, ...wrongBody } = await json(wrong)
  const { request_id: _unknown, ...unknownBody } = await json(unknown)
  assert.deepEqual(wrongBody, unknownBody)
  assert.equal(wrongBody.code, 'invalid-credentials')
})

test('someone signs in at GitHub and is then signed in here by cookie', async () => {
  const browser = createBrowser()
  github.person = {
    id: 583231,
    login: 'octocat',
    emails: [{ email: 'octocat@example.com', primary: true, verified: true }],
  }
  const start = await browser.fetch(
    `${house.url}/api/auth/sign-in/social`,
    post({ provider: 'github', callbackURL: '/models' }, { origin }),
  )
  assert.equal(start.status, 200)
  const { url, redirect } = await json(start)
  assert.equal(redirect, true)
  const page = await fetch(String(url), { redirect: 'manual' })
  const back = new URL(page.headers.get('location') ?? '')
  assert.equal(back.origin, 'https://models.example.com')
  const done = await browser.fetch(`${house.url}${back.pathname}${back.search}`)
  assert.deepEqual([done.status, done.headers.get('location')], [302, '/models'])
  assert.deepEqual([...browser.cookies.keys()], ['__Host-roundhouse.session'])

  const response = await browser.fetch(`${house.url}/api/auth/get-session`)
  const [cookie] = response.headers.getSetCookie()
  assert.match(cookie ?? '', /^__Host-roundhouse\.session=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const { user } = await json(response)
  assert.equal(Object(user).email, 'octocat@example.com')
  assert.equal((await json(await browser.fetch(`${house.url}/api/v1/me`))).email, 'octocat@example.com')

  // A page of another site cannot sign the reader out.
  const evil = { method: 'POST', headers: { origin: 'https://evil.example' } }
  assert.equal((await browser.fetch(`${house.url}/api/auth/sign-out`, evil)).status, 403)
  const own = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }
  assert.equal((await browser.fetch(`${house.url}/api/auth/sign-out`, own)).status, 200)
  assert.deepEqual([...browser.cookies.keys()], [])
})

test('a cookie of a session that is over is taken away', async () => {
  const browser = createBrowser()
  const given = { email: 'bob@example.com', password, name: 'Bob' }
  const { token } = await json(await browser.fetch(`${house.url}/api/auth/sign-up/email`, post(given)))
  const headers = { authorization: `Bearer ${token}` }
  await house.anonymous('/api/auth/sign-out', { method: 'POST', headers })
  assert.equal(browser.cookies.size, 1)
  assert.equal(await (await browser.fetch(`${house.url}/api/auth/get-session`)).text(), 'null')
  assert.equal(browser.cookies.size, 0)
})

test('sessions are seen and ended by their owner, and the password changed by a session only', async () => {
  const given = { email: 'carol@example.com', password, name: 'Carol' }
  const first = await json(await house.anonymous('/api/auth/sign-up/email', post(given)))
  const second = await json(
    await house.anonymous('/api/auth/sign-in/email', post({ email: given.email, password })),
  )
  const headers = { authorization: `Bearer ${second.token}` }
  const list = async () => {
    const { data } = await json(await house.anonymous('/api/v1/sessions', { headers }))
    assert.ok(Array.isArray(data))
    return data
  }
  const [current, other] = await list()
  assert.deepEqual([current.current, other.current, other.ip_address], [true, false, '127.0.0.1'])

  const stranger = await house.user()
  const remove = { method: 'DELETE' }
  assert.equal((await stranger.fetch(`/api/v1/sessions/${other.id}`, remove)).status, 404)
  assert.equal((await house.anonymous(`/api/v1/sessions/${other.id}`, { ...remove, headers })).status, 204)
  assert.equal((await list()).length, 1)
  const old = { authorization: `Bearer ${first.token}` }
  assert.equal((await house.anonymous('/api/v1/me', { headers: old })).status, 401)

  const change = post({ currentPassword: password, newPassword: 'another password' })
  assert.equal((await stranger.fetch('/api/auth/change-password', change)).status, 403)
  assert.equal((await stranger.fetch('/api/auth/sign-out', { method: 'POST' })).status, 403)
  const changed = await house.anonymous('/api/auth/change-password', {
    ...change,
    headers: { 'content-type': 'application/json', ...headers },
  })
  assert.deepEqual([changed.status, await json(changed)], [200, { token: null }])
  assert.equal((await house.anonymous(`/api/v1/sessions/${current.id}`, { ...remove, headers })).status, 204)
  assert.equal((await house.anonymous('/api/v1/me', { headers })).status, 401)
})

test('the first administrator is made by the link, and nobody after', async () => {
  const options = () => house.anonymous('/api/v1/sign-in-options').then(json)
  assert.deepEqual(await options(), { sign_up: 'open', github: true, needs_setup: true })
  const given = { token: house.house.signIn.setupToken, email: 'admin@example.com', password, name: 'Admin' }
  const made = await house.anonymous('/api/v1/setup', post(given))
  assert.equal(made.status, 201)
  const { token } = await json(made)
  const headers = { authorization: `Bearer ${token}` }
  assert.deepEqual((await json(await house.anonymous('/api/v1/me', { headers }))).roles, ['admin', 'member'])
  assert.equal((await options()).needs_setup, false)
  const again = post({ ...given, email: 'mallory@example.com' })
  assert.equal((await house.anonymous('/api/v1/setup', again)).status, 403)
})

test('bodies of another form are refused, and no other path of better-auth is served', async () => {
  for (const [path, body] of [
    ['sign-up/email', { email: 'x@example.com', password, name: 'X', role: 'admin' }],
    ['sign-up/email', { email: 'x@example.com', password: 'short', name: 'X' }],
    ['sign-up/email', { email: ['x@example.com'], password, name: 'X' }],
    ['sign-in/email', { email: 'x@example.com', password, callbackURL: 'https://evil.example' }],
    ['sign-in/social', { provider: 'google' }],
    ['sign-in/social', { provider: 'github', requestSignUp: true }],
  ] as const)
    assert.equal((await house.anonymous(`/api/auth/${path}`, post(body))).status, 400, path)
  for (const path of ['list-sessions', 'error', 'ok', 'update-user', 'delete-user', 'revoke-sessions'])
    assert.equal((await house.anonymous(`/api/auth/${path}`, post({}))).status, 404, path)
  const form = { method: 'POST', body: new URLSearchParams({ email: 'x@example.com', password }) }
  assert.equal((await house.anonymous('/api/auth/sign-in/email', form)).status, 415)
})

test('no password, token, cookie, code or state reaches the log', async () => {
  const browser = createBrowser()
  const { cookies } = browser
  github.person = {
    id: 7,
    login: 'hub',
    emails: [{ email: 'hub@example.com', primary: true, verified: true }],
  }
  const start = await browser.fetch(`${house.url}/api/auth/sign-in/social`, post({ provider: 'github' }))
  const page = await fetch(String((await json(start)).url), { redirect: 'manual' })
  const { pathname, search, searchParams } = new URL(page.headers.get('location') ?? '')
  const state = [...cookies.values()]
  const callback = `${house.url}${pathname}`
  // Without its cookie, with a code that is none, as it should be, and once more.
  await fetch(`${callback}${search}`, { redirect: 'manual' })
  await browser.fetch(`${callback}?code=guessed-code&state=${searchParams.get('state')}`)
  await browser.fetch(`${callback}${search}`)
  await fetch(`${callback}${search}`, { redirect: 'manual' })
  const given = { email: 'dora@example.com', password: 'a planted canary', name: 'Dora' }
  const { token } = await json(await house.anonymous('/api/auth/sign-up/email', post(given)))
  await house.anonymous(
    '/api/auth/sign-in/email',
    post({ ...given, name: undefined, password: 'guessed canary' }),
  )

  assert.ok(lines.some(line => line.startsWith('sign-in-library-error')))
  const written = lines.join('\n')
  const canaries = [
    ...searchParams.values(),
    ...state,
    String(token),
    given.password,
    'guessed canary',
    'guessed-code',
  ]
  for (const canary of canaries) assert.ok(canary.length > 10 && !written.includes(canary), canary)
})
