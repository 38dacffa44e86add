import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ApiKey, Me } from '../contract/account.ts'
import { serveReplies } from '../testing/serve.ts'
import { createClient } from './client.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'
const at = '2026-11-21T12:00:00.000Z'
const me: Me = {
  id,
  name: 'Ada',
  email: 'ada@example.com',
  image: null,
  roles: ['member'],
  plan: {
    name: 'free',
    requests_per_minute: 600,
    requests_per_hour: null,
    concurrent_runs: 4,
    starting_credits: 0,
    monthly_credits: 0,
    max_models: 20,
    max_model_bytes: 500_000_000,
    max_file_bytes: 1_000_000_000,
  },
  credits: 1000,
  scopes: ['read'],
  credential: 'api-key',
  is_anonymous: false,
  issuer: null,
  created_at: at,
}

/** A client of a server that gives the replies (status and body) in turn and notes what it was asked. */
async function connect(t: TestContext, ...replies: [number, unknown][]) {
  const { baseUrl, asked } = await serveReplies(t, ...replies)
  return { client: createClient({ baseUrl }), asked }
}

test('says who the caller is, or that nobody is signed in', async t => {
  const { client, asked } = await connect(
    t,
    [200, me],
    [401, { code: 'unauthenticated', detail: 'Sign in.' }],
  )
  assert.deepEqual(await client.me(), me)
  await assert.rejects(client.me(), { name: 'Problem', code: 'unauthenticated' })
  assert.deepEqual(asked, ['GET /api/v1/me', 'GET /api/v1/me'])
})

test('lists where the user is signed in, and signs out there', async t => {
  const session = {
    id,
    current: true,
    ip_address: null,
    user_agent: 'Browser',
    created_at: at,
    expires_at: at,
  }
  const { client, asked } = await connect(t, [200, { data: [session] }], [204, undefined])
  assert.deepEqual(await client.sessions.list(), { data: [session] })
  assert.equal(await client.sessions.revoke('a/b'), undefined)
  assert.deepEqual(asked, ['GET /api/v1/sessions', 'DELETE /api/v1/sessions/a%2Fb'])
})

test('creates a key that is shown once, lists and revokes keys', async t => {
  const key: ApiKey = {
    id,
    name: 'robot',
    prefix: 'rh_abcd',
    scopes: ['predict'],
    expires_at: null,
    last_used_at: null,
    created_at: at,
  }
  const created = { ...key, key: 'rh_abcdefgh' }
  const { client, asked } = await connect(t, [201, created], [200, { data: [key] }], [204, undefined])
  const { keys } = client
  assert.deepEqual(await keys.create({ name: 'robot', scopes: ['predict'], expires_at: null }), created)
  assert.deepEqual(await keys.list(), { data: [key] })
  assert.equal(await keys.revoke(id), undefined)
  assert.deepEqual(asked, [
    'POST /api/v1/keys {"name":"robot","scopes":["predict"],"expires_at":null}',
    'GET /api/v1/keys',
    `DELETE /api/v1/keys/${id}`,
  ])
})
