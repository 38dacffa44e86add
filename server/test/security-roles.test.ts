import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccessFixture, accessFixture, json } from '../src/testing/access-fixture.ts'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { fakeIssuer } from '../src/testing/tokens.ts'
import { matrix, type Row } from './access-matrix.ts'
import { trueStatus } from './operations.ts'

const password = 'correct horse battery staple'
const backendSecret = 'secret-of-the-agent-backend-of-32-characters'

type Credential = { name: string; headers: Record<string, string> }

const bearer = (name: string, key: string): Credential => ({
  name,
  headers: { authorization: `Bearer ${key}` },
})

/** Signs up, and gives the two faces of the session: the token, and the cookie as our own page sends it. */
async function signUp(house: TestHouse, email: string): Promise<{ id: string; credentials: Credential[] }> {
  const reply = await house.anonymous('/api/auth/sign-up/email', json('POST', { email, password, name: 'S' }))
  const { token, user } = (await reply.json()) as { token: string; user: { id: string } }
  const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return {
    id: user.id,
    credentials: [
      bearer('session', token),
      { name: 'cookie', headers: { cookie, 'sec-fetch-site': 'same-origin' } },
    ],
  }
}

async function ask(house: TestHouse, { headers }: Credential, path: string, init: RequestInit = {}) {
  const reply = await house.anonymous(path, {
    redirect: 'manual',
    ...init,
    headers: { ...Object.fromEntries(new Headers(init.headers)), ...headers },
  })
  return trueStatus(path, reply.status, await reply.text())
}

function rowsOf(...kinds: Row['kind'][]): [string, Row][] {
  const rows = Object.entries(matrix).filter(([, row]) => kinds.includes(row.kind))
  assert(rows.length > 10)
  return rows
}

/** What was not answered 403, and what changed. */
async function notForbidden(f: AccessFixture, rows: [string, Row][], credentials: readonly Credential[]) {
  const wrong: string[] = []
  for (const [operation, row] of rows)
    for (const credential of credentials) {
      const { path, init } = await row.call(f)
      const before = await f.fingerprint()
      const status = await ask(f.house, credential, path, init)
      if (status !== 403) wrong.push(`${operation} by ${credential.name}: ${status}`)
      if (before !== (await f.fingerprint()))
        wrong.push(`${operation} by ${credential.name} changed something`)
    }
  return wrong
}

test('a member is refused every route of administrators, however they prove who they are and whatever their token says they are', async t => {
  const issuer = await fakeIssuer(t)
  const house = await testHouse(t, { SUPABASE_URL: issuer.supabaseUrl })
  const fixture = await accessFixture(house)
  const { credentials } = await signUp(house, 'member@example.com')
  const boasts = { is_admin: true, user_role: 'admin', roles: ['admin'], scope: 'admin' }
  const grand = { ...boasts, app_metadata: boasts, user_metadata: boasts, app_role: 'service_role' }
  const people = [
    bearer('key', fixture.other.key),
    ...credentials,
    bearer('token', issuer.token()),
    bearer('token that says it is an administrator', issuer.token(grand)),
  ]
  for (const credential of people)
    assert.equal(await ask(house, credential, '/api/v1/me'), 200, credential.name)
  assert.deepEqual(await notForbidden(fixture, rowsOf('admin'), people), [])
})

test('the secret of an agent backend opens nothing of the API of users and administrators', async t => {
  const house = await testHouse(t, { RAILWAY_BACKEND_SECRET: backendSecret })
  const fixture = await accessFixture(house)
  const backend = { name: 'backend', headers: { 'x-railway-secret': backendSecret } }
  const rows = rowsOf('admin', 'owned', 'signedIn').filter(([operation]) => operation !== 'GET /api/v1/me')
  assert.equal(await ask(house, backend, '/api/v1/me'), 200, 'it is the secret')
  assert.deepEqual(await notForbidden(fixture, rows, [backend]), [])
  const wrong = { name: 'wrong', headers: { 'x-railway-secret': backendSecret.replace('s', 'S') } }
  assert.equal(await ask(house, wrong, '/api/v1/me'), 401)
})

test('a role that is taken away is gone from every credential with the next request, and so are a ban and what is revoked', async t => {
  const issuer = await fakeIssuer(t)
  const house = await testHouse(t, { SUPABASE_URL: issuer.supabaseUrl })
  await house.user({ role: 'admin' }) // The last administrator could not be taken the role.
  const { id, credentials } = await signUp(house, 'fallen@example.com')
  const { key } = await house.house.keys.createFor(id, { name: 'k', scopes: ['admin'] })
  const all = [...credentials, bearer('key', key)]
  const sub = '6b1f5a3c-1111-4222-8333-abcdefabcdef'
  const foreign = bearer('token', issuer.token({ sub }))
  const change = (path: string, method: string, body: unknown) =>
    house.fetch(`/api/v1/admin/users/${path}`, json(method, body))
  const statuses = (path: string, whose: Credential[] = all) =>
    Promise.all(whose.map(credential => ask(house, credential, path)))

  assert.equal((await change(`${id}/roles`, 'PUT', { roles: ['admin'] })).status, 200)
  assert.deepEqual(await statuses('/api/v1/admin/stats'), [200, 200, 200])
  assert.equal((await change(`${id}/roles`, 'PUT', { roles: ['member'] })).status, 200)
  assert.deepEqual(await statuses('/api/v1/admin/stats'), [403, 403, 403])

  assert.deepEqual(await statuses('/api/v1/me', [...all, foreign]), [200, 200, 200, 200])
  for (const banned of [id, sub]) assert.equal((await change(banned, 'PATCH', { banned: true })).status, 200)
  assert.deepEqual(await statuses('/api/v1/me', [...all, foreign]), [401, 401, 401, 401])
  for (const banned of [id, sub]) assert.equal((await change(banned, 'PATCH', { banned: false })).status, 200)
  assert.equal(await ask(house, foreign, '/api/v1/me'), 200)

  const other = await signUp(house, 'revoked@example.com')
  const more = [
    ...other.credentials,
    bearer('key', (await house.house.keys.createFor(other.id, { name: 'k' })).key),
  ]
  assert.deepEqual(await statuses('/api/v1/me', more), [200, 200, 200])
  assert.equal((await change(`${other.id}/revoke`, 'POST', {})).status, 200)
  assert.deepEqual(await statuses('/api/v1/me', more), [401, 401, 401])
})
