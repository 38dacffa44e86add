import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Plan } from '../contract/account.ts'
import type { AdminStats, AuditEntry, Invitation, Secret, User } from '../contract/admin.ts'
import type { Alert } from '../contract/alert.ts'
import type { Usage } from '../contract/usage.ts'
import { serveReplies } from '../testing/serve.ts'
import { createClient } from './client.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'
const at = '2026-11-21T12:00:00.000Z'
const user: User = {
  id,
  name: 'Ada',
  email: 'ada@example.com',
  issuer: null,
  is_anonymous: false,
  roles: ['member'],
  plan: 'free',
  credits: 1000,
  sessions: 1,
  keys: 0,
  last_sign_in_at: at,
  banned_at: null,
  created_at: at,
}

/** The admin calls of a server that gives the replies (status and body) in turn and notes what it was asked. */
async function connect(t: TestContext, ...replies: [number, unknown][]) {
  const { baseUrl, asked } = await serveReplies(t, ...replies)
  return { admin: createClient({ baseUrl }).admin, asked }
}

test('finds users, page after page, and changes one', async t => {
  const other = { ...user, id: '0199a6e0-0000-7000-8000-000000000002' }
  const { admin, asked } = await connect(
    t,
    [200, { data: [user], next_cursor: null }],
    [200, { data: [user], next_cursor: 'c' }],
    [200, { data: [other], next_cursor: null }],
    [200, user],
    [200, { ...user, banned_at: at }],
    [200, { ...user, roles: ['admin', 'member'] }],
    [200, { sessions: 2, keys: 1 }],
  )
  const { users } = admin
  assert.deepEqual(await users.list({ search: 'ada@', limit: 5 }), { data: [user], next_cursor: null })
  const found: User[] = []
  for await (const one of users.iterate({ limit: 1 })) found.push(one)
  assert.deepEqual(found, [user, other])
  assert.deepEqual(await users.get(id), user)
  assert.equal((await users.update(id, { banned: true })).banned_at, at)
  assert.deepEqual((await users.setRoles(id, ['admin'])).roles, ['admin', 'member'])
  assert.deepEqual(await users.revoke(id), { sessions: 2, keys: 1 })
  assert.deepEqual(asked, [
    'GET /api/v1/admin/users?limit=5&search=ada%40',
    'GET /api/v1/admin/users?limit=1',
    'GET /api/v1/admin/users?limit=1&cursor=c',
    `GET /api/v1/admin/users/${id}`,
    `PATCH /api/v1/admin/users/${id} {"banned":true}`,
    `PUT /api/v1/admin/users/${id}/roles {"roles":["admin"]}`,
    `POST /api/v1/admin/users/${id}/revoke {}`,
  ])
})

test('reads the figures, and reads and changes plans', async t => {
  const stats: AdminStats = {
    users: 3,
    admins: 1,
    banned_users: 0,
    new_users_7d: 1,
    sessions: 2,
    api_keys: 4,
    models: 5,
    ready_models: 4,
    model_bytes: 1024,
    predictions_24h: 9,
    failed_predictions_24h: 1,
    credits: 3000,
  }
  const plan: Plan = {
    name: 'free',
    requests_per_minute: null,
    requests_per_hour: 20_000,
    concurrent_runs: 4,
    starting_credits: 1000,
    monthly_credits: 0,
    max_models: 20,
    max_model_bytes: 500_000_000,
    max_file_bytes: 1_000_000_000,
  }
  const { admin, asked } = await connect(t, [200, stats], [200, { data: [plan] }], [200, plan])
  assert.deepEqual(await admin.stats(), stats)
  assert.deepEqual(await admin.plans.list(), { data: [plan] })
  assert.deepEqual(await admin.plans.update('free', { requests_per_minute: null }), plan)
  assert.deepEqual(asked, [
    'GET /api/v1/admin/stats',
    'GET /api/v1/admin/plans',
    'PATCH /api/v1/admin/plans/free {"requests_per_minute":null}',
  ])
})

test('reads what agents and models were used for', async t => {
  const total: Usage = {
    from: at,
    to: '2026-11-22T12:00:00.000Z',
    by: 'model',
    data: [
      {
        key: 'openai/gpt-4o',
        name: 'openai/gpt-4o',
        runs: 2,
        calls: 3,
        input_tokens: 100,
        output_tokens: 20,
        credits: 5,
        cost_micros: 700,
        errors: 1,
        first_token_ms_p50: 230.5,
      },
    ],
    is_cut: false,
  }
  const { admin, asked } = await connect(t, [200, total], [200, total])
  assert.deepEqual(await admin.usage(), total)
  assert.deepEqual(await admin.usage({ from: '2026-11-21', by: 'model' }), total)
  assert.deepEqual(asked, ['GET /api/v1/admin/usage', 'GET /api/v1/admin/usage?from=2026-11-21&by=model'])
})

test('grants credits, and reads and changes prices', async t => {
  const prices = { report: 5, 'heavy-second': 2, run: 1 }
  const { admin, asked } = await connect(t, [200, { balance: 40, held: 2 }], [200, prices], [200, prices])
  assert.deepEqual(await admin.users.grantCredits(id, { amount: -60, reason: 'refund' }), {
    balance: 40,
    held: 2,
  })
  assert.deepEqual(await admin.prices.get(), prices)
  assert.deepEqual(await admin.prices.update({ report: 5 }), prices)
  assert.deepEqual(asked, [
    `POST /api/v1/admin/users/${id}/credits {"amount":-60,"reason":"refund"}`,
    'GET /api/v1/admin/prices',
    'PATCH /api/v1/admin/prices {"report":5}',
  ])
})

test('invites, and takes an invitation back', async t => {
  const invitation: Invitation = {
    id,
    email: 'bob@example.com',
    role: 'admin',
    expires_at: at,
    used_at: null,
    created_at: at,
  }
  const created = { ...invitation, token: 't', url: 'http://127.0.0.1:3000/sign-up?invitation=t' }
  const { admin, asked } = await connect(t, [201, created], [200, { data: [invitation] }], [204, undefined])
  const { invitations } = admin
  assert.deepEqual(await invitations.create({ email: 'bob@example.com', role: 'admin' }), created)
  assert.deepEqual(await invitations.list(), { data: [invitation] })
  assert.equal(await invitations.remove(id), undefined)
  assert.deepEqual(asked, [
    'POST /api/v1/admin/invitations {"email":"bob@example.com","role":"admin"}',
    'GET /api/v1/admin/invitations',
    `DELETE /api/v1/admin/invitations/${id}`,
  ])
})

test('stores a secret under its name, lists names and removes it', async t => {
  const secret: Secret = { name: 'openai.key', key_id: 'k1', hosts: [], created_at: at, updated_at: at }
  const { admin, asked } = await connect(
    t,
    [200, secret],
    [200, secret],
    [200, { data: [secret] }],
    [204, undefined],
  )
  const { secrets } = admin
  assert.equal(await secrets.put('openai.key', 'sk-1'), undefined)
  assert.equal(await secrets.put('crm.key', 'k', { hosts: ['crm.example.com'] }), undefined)
  assert.deepEqual(await secrets.list(), { data: [secret] })
  assert.equal(await secrets.remove('openai.key'), undefined)
  assert.deepEqual(asked, [
    'PUT /api/v1/admin/secrets/openai.key {"value":"sk-1"}',
    'PUT /api/v1/admin/secrets/crm.key {"value":"k","hosts":["crm.example.com"]}',
    'GET /api/v1/admin/secrets',
    'DELETE /api/v1/admin/secrets/openai.key',
  ])
})

test('reads alerts, page after page, and tries the channels out', async t => {
  const alert: Alert = {
    id,
    type: 'low-disk',
    severity: 'critical',
    summary: 'The disk is full.',
    details: { host: 'a' },
    opened_at: at,
    last_seen_at: at,
    last_sent_at: at,
    resolved_at: null,
    undelivered: ['email'],
  }
  const past = { ...alert, resolved_at: at }
  const said = { data: [{ channel: 'webhook', ok: true, detail: 'The webhook answered 204.' }] }
  const { admin, asked } = await connect(
    t,
    [200, { data: [alert], next_cursor: 'c' }],
    [200, { data: [alert], next_cursor: 'c' }],
    [200, { data: [past], next_cursor: null }],
    [200, said],
  )
  assert.deepEqual(await admin.alerts.list({ limit: 1 }), { data: [alert], next_cursor: 'c' })
  const read: Alert[] = []
  for await (const one of admin.alerts.iterate()) read.push(one)
  assert.deepEqual(read, [alert, past])
  assert.deepEqual(await admin.alerts.test(), said)
  assert.deepEqual(asked, [
    'GET /api/v1/admin/alerts?limit=1',
    'GET /api/v1/admin/alerts',
    'GET /api/v1/admin/alerts?cursor=c',
    'POST /api/v1/admin/alerts/test {}',
  ])
})

test('reads the audit log, page after page', async t => {
  const entry: AuditEntry = {
    seq: 2,
    at,
    actor: 'user',
    actor_id: id,
    credential: 'session',
    action: 'user-ban',
    target: id,
    details: { reason: 'spam' },
    request_id: 'r',
    ip: null,
    hash: 'ab',
  }
  const first = { ...entry, seq: 1 }
  const { admin, asked } = await connect(
    t,
    [200, { data: [entry], next_cursor: 'c' }],
    [200, { data: [entry], next_cursor: 'c' }],
    [200, { data: [first], next_cursor: null }],
  )
  assert.deepEqual(await admin.audit.list({ limit: 1 }), { data: [entry], next_cursor: 'c' })
  const read: number[] = []
  for await (const { seq } of admin.audit.iterate()) read.push(seq)
  assert.deepEqual(read, [2, 1])
  assert.deepEqual(asked, [
    'GET /api/v1/admin/audit?limit=1',
    'GET /api/v1/admin/audit',
    'GET /api/v1/admin/audit?cursor=c',
  ])
})

test('someone who is no administrator gets the refusal of the server', async t => {
  const { admin } = await connect(t, [403, { code: 'forbidden', detail: 'For administrators.' }])
  await assert.rejects(admin.stats(), {
    name: 'Problem',
    code: 'forbidden',
    message: 'For administrators.',
  })
})

test('sets a provider of language models, asks it and removes it', async t => {
  const provider = {
    name: 'local',
    kind: 'openai',
    source: 'database',
    demo: false,
    base_url: 'http://127.0.0.1:8000/v1',
    has_key: true,
    models: [],
    fallbacks: [],
    max_concurrent: 64,
    connect_timeout_ms: 5000,
    first_token_timeout_ms: 60_000,
    idle_timeout_ms: 30_000,
    enabled: true,
  }
  const outcome = { ok: false, model: 'llama', ms: 12, detail: 'It refused the key.' }
  const { admin, asked } = await connect(
    t,
    [200, { data: [provider] }],
    [200, provider],
    [200, outcome],
    [204, undefined],
  )
  const { providers } = admin
  assert.deepEqual(await providers.list(), [provider])
  assert.deepEqual(await providers.put('local', { base_url: provider.base_url, key: 'secret' }), provider)
  assert.deepEqual(await providers.test('local', { model: 'llama' }), outcome)
  await providers.remove('local')
  assert.deepEqual(asked, [
    'GET /api/v1/admin/providers',
    'PUT /api/v1/admin/providers/local {"base_url":"http://127.0.0.1:8000/v1","key":"secret"}',
    'POST /api/v1/admin/providers/local/test {"model":"llama"}',
    'DELETE /api/v1/admin/providers/local',
  ])
})
