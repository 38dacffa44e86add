import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import {
  adminStats,
  auditList,
  createdInvitation,
  invitationList,
  planList,
  user,
  userList,
} from '@roundhouse/sdk/contract'
import { type TestHouse, type TestUser, testHouse } from '../../testing/house.ts'

type Call = (path: string, init?: RequestInit) => Promise<Response>

async function send(call: Call, method: string, path: string, body?: unknown): Promise<Response> {
  if (body === undefined) return call(path, { method })
  return call(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function audit(house: TestHouse) {
  return auditList.parse(await (await house.fetch('/api/v1/admin/audit?limit=100')).json()).data
}

/** Every route of administrators, with a request that would succeed. */
function routes({ id }: TestUser): [string, string, unknown?][] {
  return [
    ['GET', '/api/v1/admin/stats'],
    ['GET', '/api/v1/admin/users'],
    ['GET', `/api/v1/admin/users/${id}`],
    ['PATCH', `/api/v1/admin/users/${id}`, { plan: 'pro' }],
    ['PUT', `/api/v1/admin/users/${id}/roles`, { roles: ['admin'] }],
    ['POST', `/api/v1/admin/users/${id}/revoke`],
    ['GET', '/api/v1/admin/plans'],
    ['PATCH', '/api/v1/admin/plans/free', { concurrent_runs: 5 }],
    ['GET', '/api/v1/admin/audit'],
    ['GET', '/api/v1/admin/invitations'],
    ['POST', '/api/v1/admin/invitations', { email: 'new@example.com' }],
    ['DELETE', `/api/v1/admin/invitations/${randomUUID()}`],
  ]
}

test('members, strangers and keys without the scope reach no route of administrators', async t => {
  const house = await testHouse(t)
  const member = await house.user()
  const admin = await house.user({ role: 'admin', scopes: ['predict', 'agents', 'files', 'read'] })
  const entries = (await audit(house)).length
  for (const [method, path, body] of routes(member)) {
    const refused = await send(member.fetch, method, path, body)
    assert.equal(refused.status, 403, `member ${method} ${path}`)
    assert.equal(((await refused.json()) as { code: string }).code, 'forbidden')
    assert.equal((await send(admin.fetch, method, path, body)).status, 403, `key ${method} ${path}`)
    assert.equal((await send(house.anonymous, method, path, body)).status, 401, `nobody ${method} ${path}`)
  }
  assert.equal((await audit(house)).length, entries)
})

test('every change by an administrator is one entry that names them; what is refused is none', async t => {
  const house = await testHouse(t)
  const admin = await house.user({ role: 'admin' })
  const member = await house.user()
  const one = `/api/v1/admin/users/${member.id}`
  const invited = await send(admin.fetch, 'POST', '/api/v1/admin/invitations', { email: 'a@example.com' })
  const { id: invitationId } = createdInvitation.parse(await invited.json())
  const changes: [string, string, unknown, number, string][] = [
    ['PATCH', one, { plan: 'pro' }, 200, 'user-update'],
    ['PATCH', one, { banned: true }, 200, 'user-update'],
    ['PUT', `${one}/roles`, { roles: ['admin'] }, 200, 'user-roles'],
    ['POST', `${one}/revoke`, undefined, 200, 'user-revoke'],
    ['PATCH', '/api/v1/admin/plans/free', { requests_per_minute: null }, 200, 'plan-update'],
    [
      'POST',
      '/api/v1/admin/invitations',
      { email: 'b@example.com', role: 'admin' },
      201,
      'invitation-create',
    ],
    ['DELETE', `/api/v1/admin/invitations/${invitationId}`, undefined, 204, 'invitation-remove'],
    ['PATCH', one, {}, 400, ''],
    ['PATCH', one, { plan: 'gold' }, 400, ''],
    ['PATCH', one, { banned: 'yes' }, 400, ''],
    ['PATCH', one, { plan: 'pro', roles: ['admin'] }, 400, ''],
    ['PUT', `${one}/roles`, { roles: ['king'] }, 400, ''],
    ['PATCH', `/api/v1/admin/users/${randomUUID()}`, { banned: true }, 404, ''],
    ['PUT', `/api/v1/admin/users/${randomUUID()}/roles`, { roles: [] }, 404, ''],
    ['POST', `/api/v1/admin/users/${randomUUID()}/revoke`, undefined, 404, ''],
    ['PATCH', `/api/v1/admin/users/${admin.id}`, { banned: true }, 409, ''],
    ['PUT', `/api/v1/admin/users/${admin.id}/roles`, { roles: ['member'] }, 409, ''],
    ['PATCH', '/api/v1/admin/plans/gold', { concurrent_runs: 1 }, 404, ''],
    ['PATCH', '/api/v1/admin/plans/%00', { concurrent_runs: 1 }, 400, ''],
    ['PATCH', '/api/v1/admin/plans/free', { concurrent_runs: 0 }, 400, ''],
    ['POST', '/api/v1/admin/invitations', { email: 'nobody' }, 400, ''],
    ['DELETE', `/api/v1/admin/invitations/${invitationId}`, undefined, 404, ''],
  ]
  for (const [method, path, body, status, action] of changes) {
    const before = await audit(house)
    const response = await send(admin.fetch, method, path, body)
    const text = await response.text()
    assert.equal(response.status, status, `${method} ${path} ${JSON.stringify(body)}: ${text}`)
    const after = await audit(house)
    const added = after.slice(0, after.length - before.length)
    assert.deepEqual(
      added.map(entry => entry.action),
      action === '' ? [] : [action],
      `${method} ${path}`,
    )
    for (const entry of added) {
      assert.equal(entry.actor, 'admin')
      assert.equal(entry.actor_id, admin.id)
      assert.equal(entry.request_id, response.headers.get('x-request-id'))
      assert.equal(entry.ip, '127.0.0.1')
    }
  }
})

test('a ban, a demotion and a revocation count at the next request', async t => {
  const house = await testHouse(t)
  await house.user({ role: 'admin' })
  const other = await house.user({ role: 'admin' })
  const path = `/api/v1/admin/users/${other.id}`
  assert.equal((await other.fetch('/api/v1/admin/stats')).status, 200)
  await send(house.fetch, 'PUT', `${path}/roles`, { roles: ['member'] })
  assert.equal((await other.fetch('/api/v1/admin/stats')).status, 403)
  assert.equal((await other.fetch('/api/v1/me')).status, 200)
  await send(house.fetch, 'PATCH', path, { banned: true })
  assert.equal((await other.fetch('/api/v1/me')).status, 401)
  await send(house.fetch, 'PATCH', path, { banned: false })
  assert.equal((await other.fetch('/api/v1/me')).status, 200)
  const revoked = await send(house.fetch, 'POST', `${path}/revoke`)
  assert.deepEqual(await revoked.json(), { sessions: 0, keys: 1 })
  assert.equal((await other.fetch('/api/v1/me')).status, 401)
})

test('lists come in pages, and a cursor that is not ours is refused', async t => {
  const house = await testHouse(t)
  const made = [await house.user(), await house.user(), await house.user()]
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await house.fetch(
      `/api/v1/admin/users?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    const page = userList.parse(await response.json())
    seen.push(...page.data.map(entry => entry.id))
    cursor = page.next_cursor
  }
  assert.deepEqual(seen, made.map(one => one.id).reverse())
  const found = await house.fetch(`/api/v1/admin/users?search=${made[1]?.email}`)
  assert.deepEqual(
    userList.parse(await found.json()).data.map(entry => entry.id),
    [made[1]?.id],
  )
  assert.deepEqual(await (await house.fetch('/api/v1/admin/users?search=%00')).json(), {
    data: [],
    next_cursor: null,
  })

  for (const position of [
    '',
    'x',
    '-1 y',
    `1e999 ${randomUUID()}`,
    `9007199254740993 ${randomUUID()}`,
    '0',
  ]) {
    const cursor = Buffer.from(position).toString('base64url')
    for (const list of ['users', 'audit']) {
      const { status } = await house.fetch(`/api/v1/admin/${list}?cursor=${cursor}`)
      assert.equal(status, 400, `${list} ${position}`)
    }
  }
  const last = Buffer.from(`${Number.MAX_SAFE_INTEGER} ${randomUUID()}`).toString('base64url')
  assert.equal((await house.fetch(`/api/v1/admin/users?cursor=${last}`)).status, 200)
})

test('the overview, plans, one user and invitations are as documented', async t => {
  const house = await testHouse(t)
  const member = await house.user({ plan: 'free' })
  const json = async (path: string) => (await house.fetch(`/api/v1/admin/${path}`)).json()
  const stats = adminStats.parse(await json('stats'))
  assert.deepEqual([stats.users, stats.admins, stats.api_keys], [1, 0, 1])
  assert.deepEqual(
    planList.parse(await json('plans')).data.map(plan => plan.name),
    ['free', 'pro', 'unlimited'],
  )
  assert.equal(user.parse(await json(`users/${member.id}`)).credits, 1000)
  const response = await send(house.fetch, 'POST', '/api/v1/admin/invitations', { email: 'New@example.com' })
  assert.equal(response.status, 201)
  const { token, url, ...invitation } = createdInvitation.parse(await response.json())
  assert.equal(invitation.role, 'member')
  assert.equal(invitation.email, 'new@example.com')
  assert.ok(url.endsWith(`/sign-up?invitation=${token}`))
  assert.deepEqual(invitationList.parse(await json('invitations')).data, [invitation])
})
