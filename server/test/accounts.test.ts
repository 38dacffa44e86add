import assert from 'node:assert/strict'
import { test } from 'node:test'
import { me } from '@roundhouse/sdk/contract'
import { createBrowser } from '../src/testing/browser.ts'
import { standInGithub } from '../src/testing/github.ts'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { fakeIssuer } from '../src/testing/tokens.ts'
import { until } from '../src/testing/until.ts'

const file = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })

/** Calls as one person, however they prove it. */
type Ask = (path: string, init?: RequestInit) => Promise<Response>

function form(name: string): FormData {
  const fields = new FormData()
  fields.set('name', name)
  fields.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
  return fields
}

async function json<Body>(reply: Response, status = 200): Promise<Body> {
  const text = await reply.text()
  assert.equal(reply.status, status, text)
  return JSON.parse(text) as Body
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

const predict = (ask: Ask, id: string) =>
  ask(`/api/v1/models/${id}/predict`, post({ input_data: { x: [[0.5, 0.5]] } }))

/** Pushes a private model and predicts on it. */
async function ownModel(ask: Ask): Promise<string> {
  const { id, owner_id } = await json<{ id: string; owner_id: string }>(
    await ask('/api/v1/models', { method: 'POST', body: form('mine') }),
    201,
  )
  assert.equal(owner_id, me.parse(await json(await ask('/api/v1/me'))).id)
  assert.equal((await predict(ask, id)).status, 201)
  return id
}

const withBearer =
  (house: TestHouse, token: string): Ask =>
  (path, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    return house.anonymous(path, { ...init, headers })
  }

async function signUp(house: TestHouse, email: string): Promise<string> {
  const account = { email, password: 'a long enough password', name: 'Someone' }
  return (await json<{ token: string }>(await house.anonymous('/api/auth/sign-up/email', post(account))))
    .token
}

test('a Supabase token, a GitHub sign-in, an e-mail account and an API key each predict on their own private model, and nobody else does', async t => {
  const issuer = await fakeIssuer(t)
  const github = await standInGithub(t)
  github.person = {
    id: 7,
    login: 'ada',
    emails: [{ email: 'ada@example.com', primary: true, verified: true }],
  }
  const house = await testHouse(t, {
    SUPABASE_URL: issuer.supabaseUrl,
    GITHUB_ID: github.clientId,
    GITHUB_SECRET: github.clientSecret,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.url,
  })

  const sub = '6b1f5a3c-1111-4222-8333-abcdefabcdef'
  const supabase = withBearer(house, issuer.token({ sub }))
  const profile = me.parse(await json(await supabase('/api/v1/me')))
  assert.deepEqual(
    [profile.id, profile.roles, profile.plan.name, profile.credits, profile.issuer],
    [sub, ['member'], 'free', 1000, issuer.issuer],
  )

  const browser = createBrowser()
  const sameOrigin = { 'sec-fetch-site': 'same-origin' }
  const start = await browser.fetch(
    `${house.url}/api/auth/sign-in/social`,
    post({ provider: 'github', callbackURL: '/account' }, sameOrigin),
  )
  const agreed = await fetch((await json<{ url: string }>(start)).url, { redirect: 'manual' })
  const back = new URL(agreed.headers.get('location') ?? '')
  const arrived = await browser.fetch(`${house.url}${back.pathname}${back.search}`)
  assert.deepEqual(
    [arrived.status, new URL(arrived.headers.get('location') ?? '', house.url).pathname],
    [302, '/account'],
  )
  const withCookie: Ask = (path, init = {}) =>
    browser.fetch(`${house.url}${path}`, { ...init, headers: { ...sameOrigin, ...init.headers } })

  const withMail = withBearer(house, await signUp(house, 'grace@example.com'))
  const { key } = await json<{ key: string }>(
    await withMail('/api/v1/keys', post({ name: 'k', scopes: ['admin'] })),
    201,
  )
  const other = await house.user()
  const withKey = other.fetch

  const people: [string, Ask][] = [
    ['Supabase token', supabase],
    ['GitHub session', withCookie],
    ['e-mail session', withMail],
    ['API key', withKey],
  ]
  for (const [owner, ask] of people) {
    const id = await ownModel(ask)
    for (const [name, stranger] of people)
      if (stranger !== ask)
        assert.equal((await predict(stranger, id)).status, 404, `${name} on that of ${owner}`)
    assert.equal((await predict(house.anonymous, id)).status, 401)
    assert.equal((await predict(withBearer(house, key), id)).status, ask === withMail ? 201 : 404)
  }
})

/** Two replicas of one installation. */
async function twoReplicas(t: Parameters<typeof testHouse>[0], env: Record<string, string> = {}) {
  const scope = { after: (callback: () => Promise<void>) => t.after(callback) }
  const { appUrl } = await testDatabase(scope)
  const share = { databaseUrl: appUrl, dataDir: await temporaryFolder(scope) }
  return [await testHouse(t, env, { share }), await testHouse(t, env, { share })] as const
}

test('a key, a session, a role and a user that are ended on one replica are refused on the other within 5 s', async t => {
  const issuer = await fakeIssuer(t)
  const [here, there] = await twoReplicas(t, { SUPABASE_URL: issuer.supabaseUrl })
  const user = await here.user()
  const { id: keyId, key } = await json<{ id: string; key: string }>(
    await user.fetch('/api/v1/keys', post({ name: 'doomed' })),
    201,
  )
  const status = async (token: string, path = '/api/v1/me') => (await withBearer(there, token)(path)).status
  const refused = (token: string, wanted: number, path?: string) =>
    until(async () => (await status(token, path)) === wanted, `refused with ${wanted}`, 5000)

  assert.equal(await status(key), 200)
  assert.equal((await user.fetch(`/api/v1/keys/${keyId}`, { method: 'DELETE' })).status, 204)
  await refused(key, 401)

  const session = await signUp(here, 'session@example.com')
  assert.equal(await status(session), 200)
  assert.equal((await withBearer(here, session)('/api/auth/sign-out', post({}))).status, 200)
  await refused(session, 401)

  const admin = await here.user({ role: 'admin' })
  const second = await here.user({ role: 'admin' })
  assert.equal(await status(second.key, '/api/v1/admin/stats'), 200)
  const roles = { ...post({ roles: ['member'] }), method: 'PUT' }
  assert.equal((await admin.fetch(`/api/v1/admin/users/${second.id}/roles`, roles)).status, 200)
  await refused(second.key, 403, '/api/v1/admin/stats')

  const token = issuer.token()
  const { id } = me.parse(await json(await withBearer(there, token)('/api/v1/me')))
  const ban = { ...post({ banned: true }), method: 'PATCH' }
  assert.equal((await admin.fetch(`/api/v1/admin/users/${id}`, ban)).status, 200)
  await refused(token, 401)
})

test('a key that expired is refused, one that is used says when, and none has more rights than its maker', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const create = (ask: Ask, body: unknown) => ask('/api/v1/keys', post({ name: 'k', ...(body as object) }))
  assert.equal((await create(user.fetch, { expires_at: '2020-01-01T00:00:00Z' })).status, 400)
  const soon = new Date(Date.now() + 400).toISOString()
  const { key } = await json<{ key: string }>(await create(user.fetch, { expires_at: soon }), 201)
  assert.match(key, /^rh_[A-Za-z0-9_-]{43}$/)
  assert.equal((await withBearer(house, key)('/api/v1/me')).status, 200)
  await until(
    async () => (await withBearer(house, key)('/api/v1/me')).status === 401,
    'refused once it is expired',
    3000,
  )

  const reader = await json<{ key: string; scopes: string[] }>(
    await create(user.fetch, { scopes: ['read'] }),
    201,
  )
  assert.deepEqual(reader.scopes, ['read'])
  assert.equal((await create(withBearer(house, reader.key), { scopes: ['read'] })).status, 403)
  const listed = await json<{ data: Record<string, unknown>[] }>(await user.fetch('/api/v1/keys'))
  assert.equal(JSON.stringify(listed).includes(reader.key), false)
  assert.equal((await create(user.fetch, { scopes: ['everything'] })).status, 400)
})

test('a token whose subject is a user of this server is refused', async t => {
  const issuer = await fakeIssuer(t)
  const house = await testHouse(t, { SUPABASE_URL: issuer.supabaseUrl })
  const victim = await house.user({ role: 'admin' })
  assert.equal((await withBearer(house, issuer.token({ sub: victim.id }))('/api/v1/me')).status, 401)
})

test('a token of an anonymous user, or of another app, does no more than its kind may', async t => {
  const issuer = await fakeIssuer(t)
  const house = await testHouse(t, { SUPABASE_URL: issuer.supabaseUrl, ANONYMOUS_USERS: 'true' })
  const guest = withBearer(house, issuer.token({ is_anonymous: true, email: '' }))
  const profile = me.parse(await json(await guest('/api/v1/me')))
  assert.deepEqual([profile.is_anonymous, profile.scopes], [true, ['predict', 'agents', 'read']])
  assert.equal((await guest('/api/v1/keys', post({ name: 'k' }))).status, 403)
  const app = withBearer(house, issuer.token({ client_id: 'some-app', scope: 'openid read' }))
  assert.deepEqual(me.parse(await json(await app('/api/v1/me'))).scopes, ['read'])
  assert.equal((await app('/api/v1/keys', post({ name: 'k' }))).status, 403)
})

test('the limits of a plan are told on every answer, and beyond them it is 429 with the moment to come back', async t => {
  const house = await testHouse(t)
  const user = await house.user({ plan: 'free' })
  await house.fetch('/api/v1/admin/plans/free', { ...post({ requests_per_minute: 3 }), method: 'PATCH' })
  const replies = []
  for (let call = 0; call < 4; call++) replies.push(await user.fetch('/api/v1/me'))
  const [first, , , last] = replies
  assert.match(first?.headers.get('ratelimit-policy') ?? '', /"minute";q=3;w=60/)
  assert.match(first?.headers.get('ratelimit') ?? '', /"minute";r=2;t=\d+/)
  assert.equal(last?.status, 429)
  const seconds = /"minute";r=0;t=(\d+)/.exec(last?.headers.get('ratelimit') ?? '')?.[1]
  assert.equal(last?.headers.get('retry-after'), seconds)
  const service = await house.fetch('/api/v1/me')
  assert.deepEqual([service.status, service.headers.get('ratelimit')], [200, null])
})
