import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Client, createClient, Problem } from '@roundhouse/sdk'
import pg from 'pg'
import { defer, type Scope } from '../src/testing/defer.ts'
import { identityModel, loopModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { onLinux, until } from './processes.ts'
import { type Server, startServer } from './server.ts'

const input = { x: [[1, 2]] }
const inference = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }

/** A server on a database that outlives it, whose new users begin with so many credits. */
async function house(scope: Scope, startingCredits: number) {
  const { adminUrl } = await testDatabase(scope)
  const owner = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
  await owner.connect()
  defer(scope, () => owner.end())
  const dataDir = await temporaryFolder(scope)
  const start = () => startServer(scope, { dataDir, env: { DATABASE_URL: adminUrl, SAMPLE_MODEL: 'false' } })
  const server = await start()
  const root = createClient({ baseUrl: server.url, token: server.key })
  await root.admin.plans.update('free', {
    starting_credits: startingCredits,
    requests_per_minute: null,
    requests_per_hour: null,
  })
  return { owner, server, root, start }
}

async function signUp(server: Server): Promise<{ token: string; client: Client }> {
  const account = { email: 'ann@example.com', password: 'a long enough password', name: 'Ann' }
  const { token } = await createClient({ baseUrl: server.url }).auth.signUp(account)
  return { token, client: createClient({ baseUrl: server.url, token, maxRetries: 0 }) }
}

test('of 1,000 parallel calls with credits for 100 exactly 100 are answered, and the ledger adds up', async t => {
  const { owner, server } = await house(t, 100)
  const model = await server.push('paid', identityModel('FP32', ['N', 2]), {
    visibility: 'users',
    price: '1',
  })
  const { token, client } = await signUp(server)
  // A machine that is busy with other things may say 503 to some of so many: they are asked again, as clients do.
  const call = async (
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const reply = await server.fetch(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    })
    if (reply.status === 503) {
      await reply.body?.cancel()
      await setTimeout(1000 * Number(reply.headers.get('retry-after')))
      return call(path, body)
    }
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
  }
  const replies = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      index % 2 === 0
        ? call(`/api/v1/models/${model.id}/predict`, { input_data: input })
        : call('/v2/models/paid/infer', inference),
    ),
  )
  const counts = new Map<number, number>()
  for (const { status } of replies)
    counts.set(status < 300 ? 200 : status, (counts.get(status < 300 ? 200 : status) ?? 0) + 1)
  assert.deepEqual([...counts].sort(), [
    [200, 100],
    [402, 900],
  ])
  for (const [index, { status, body }] of replies.entries())
    if (status === 402 && index % 2 === 0) assert.equal(body.code, 'insufficient-credits')
    else if (status === 402) assert.match(String(body.error), /costs 1 credits/)

  const { balance, held } = await client.credits.get()
  assert.deepEqual([balance, held], [0, 0])
  let spent = 0
  for await (const { amount, reason } of client.credits.entries.iterate({ limit: 30 }))
    if (reason === 'prediction paid@1') spent += amount
  assert.equal(spent, -100)
  const { rows } = await owner.query(
    `select (select sum(amount)::int from credit_entries) as ledger,
      (select count(*)::int from credit_holds where status = 'open') as open,
      (select count(*)::int from credit_holds where status = 'settled') as settled`,
  )
  assert.deepEqual(rows, [{ ledger: 0, open: 0, settled: 100 }])
})

test(
  'a server killed between hold and answer has charged nothing, and what it held can be spent again',
  onLinux,
  async t => {
    const { owner, server, start } = await house(t, 50)
    const model = await server.push('loop', loopModel(), { visibility: 'users', price: '50' })
    const { token, client } = await signUp(server)
    const long = client.models.predict(model.id, { times: 2_000_000_000, x: [1, 0] }).then(
      () => 'answered',
      () => 'lost',
    )
    const holds = async () =>
      (await owner.query<{ status: string }>('select status from credit_holds order by created_at')).rows.map(
        row => row.status,
      )
    await until('the credits are held', async () => (await holds()).length > 0)
    await server.kill()
    assert.equal(await long, 'lost')
    assert.deepEqual(await holds(), ['open'])

    const next = await start()
    const again = createClient({ baseUrl: next.url, token, maxRetries: 0 })
    assert.deepEqual(
      await again.credits.get().then(({ balance, held, ledger }) => [balance, held, ledger.length]),
      [50, 50, 1],
    )
    const predict = () => again.models.predict(model.id, { times: 1, x: [1, 0] })
    await assert.rejects(
      predict(),
      error => error instanceof Problem && error.code === 'insufficient-credits',
    )
    // The time passes that it is held for at most.
    await owner.query(`update credit_holds set expires_at = now() - interval '1 second'`)
    const account = await again.credits.get()
    assert.deepEqual([account.balance, account.held], [50, 0])
    await predict()
    assert.deepEqual(await holds(), ['expired', 'settled'])
    assert.deepEqual(
      await again.credits
        .get()
        .then(({ balance, held, ledger }) => [balance, held, ledger.map(line => line.amount)]),
      [0, 0, [-50, 50]],
    )
  },
)

test('administrators grant, take back and set prices; every act is in the audit log', async t => {
  const { server, root } = await house(t, 10)
  const { client } = await signUp(server)
  const { id } = await client.me()
  assert.ok(id)
  const { users, prices } = root.admin
  assert.deepEqual(await users.grantCredits(id, { amount: 15, reason: 'welcome' }), { balance: 25, held: 0 })
  assert.deepEqual(await users.grantCredits(id, { amount: -5, reason: 'mistake' }), { balance: 20, held: 0 })
  const code = (expected: string) => (error: unknown) => error instanceof Problem && error.code === expected
  await assert.rejects(users.grantCredits(id, { amount: -21, reason: 'more' }), code('conflict'))
  await assert.rejects(client.admin.users.grantCredits(id, { amount: 1, reason: 'me' }), code('forbidden'))
  const { ledger } = await client.credits.get()
  assert.deepEqual(
    ledger.map(({ amount, reason }) => [amount, reason]),
    [
      [-5, 'mistake'],
      [15, 'welcome'],
      [10, 'plan-start'],
    ],
  )
  assert.ok(ledger[0]?.request_id)
  assert.deepEqual(await prices.update({ report: 3 }), { ...(await prices.get()), report: 3 })
  await assert.rejects(prices.update({ report: -1 }), code('invalid-request'))
  await assert.rejects(prices.update({}), code('invalid-request'))
  assert.equal((await root.admin.plans.update('free', { monthly_credits: 7 })).monthly_credits, 7)
  const { data } = await root.admin.audit.list({ limit: 4 })
  assert.deepEqual(
    data.map(entry => entry.action),
    ['plan-update', 'price-update', 'credit-grant', 'credit-grant'],
  )
})
